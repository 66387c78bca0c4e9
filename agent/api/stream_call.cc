// SPDX-License-Identifier: Apache-2.0
#include "agent/api/stream_call.h"

#include <utility>

#include "agent/api/call_room.h"
#include "agent/api/error_convert.h"
#include "core/base/check.h"

namespace berth::api {

// Owned by gRPC between the handler's return and OnDone.
class StreamCall::Reactor final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  explicit Reactor(std::shared_ptr<StreamCall> call) : call_(std::move(call)) {}
  void OnWriteDone(bool ok) override { call_->Written(ok); }
  void OnCancel() override { call_->Cancelled(); }
  void OnDone() override { delete this; }

 private:
  std::shared_ptr<StreamCall> call_;
};

std::shared_ptr<StreamCall> StreamCall::Begin(const Method& method, CallRoom& room,
                                              CallGate::Ticket ticket, Caller caller) {
  std::shared_ptr<StreamCall> call(
      new StreamCall(method, room, std::move(ticket), std::move(caller)));
  call->reactor_ = new Reactor(call);
  return call;
}

StreamCall::StreamCall(const Method& method, CallRoom& room, CallGate::Ticket ticket, Caller caller)
    : CallCore(method, room, std::move(ticket), std::move(caller)) {}

StreamCall::~StreamCall() = default;

grpc::ServerWriteReactor<grpc::ByteBuffer>* StreamCall::reactor() const { return reactor_; }

void StreamCall::MarkWaiting() {
  waiting_ = true;
  room().AddWait(shared_from_this());
}

void StreamCall::Write(std::shared_ptr<const grpc::ByteBuffer> message,
                       std::function<void()> written) {
  MutexLock lock(mutex_);
  if (ended()) return;
  BERTH_CHECK(writing_ == nullptr, "a message was written before the last was taken");
  writing_ = std::move(message);
  written_ = std::move(written);
  reactor_->StartWrite(writing_.get());
}

void StreamCall::Written(bool taken) {
  std::function<void()> written;
  std::optional<Status> end;
  {
    MutexLock lock(mutex_);
    writing_ = nullptr;
    written = std::exchange(written_, nullptr);
    end = std::exchange(end_, std::nullopt);
  }
  if (end) return reactor_->Finish(ToGrpcStatus(*end));
  if (taken) return written();
  Cancelled();
}

void StreamCall::Fail(const Status& status) {
  if (Claim()) End(status);
}

void StreamCall::Cancelled() {
  if (Claim()) End(Status(StatusCode::kCancelled, "the reader has left"));
}

// The reactor, and with it the last reference but the caller's, may be gone right after its Finish.
void StreamCall::End(const Status& status) {
  GiveTicketBack();
  if (waiting_) room().RemoveWait(this);
  Report(status);
  {
    MutexLock lock(mutex_);
    if (writing_ != nullptr) {
      end_ = status;
      return;
    }
  }
  reactor_->Finish(ToGrpcStatus(status));
}

}  // namespace berth::api
