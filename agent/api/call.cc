// SPDX-License-Identifier: Apache-2.0
#include "agent/api/call.h"

#include "agent/api/call_room.h"
#include "agent/api/error_convert.h"
#include "agent/api/message_bytes.h"
#include "agent/api/request_check.h"

namespace berth::api {
// Owned by gRPC between the handler's return and OnDone.
class Call::Reactor final : public grpc::ServerUnaryReactor {
 public:
  explicit Reactor(std::shared_ptr<Call> call) : call_(std::move(call)) {}
  void OnCancel() override { call_->Cancelled(); }
  void OnDone() override { delete this; }

 private:
  std::shared_ptr<Call> call_;
};

std::shared_ptr<Call> Call::Begin(const Method& method, CallRoom& room, CallGate::Ticket ticket,
                                  grpc::ByteBuffer* reply, Caller caller) {
  std::shared_ptr<Call> call(new Call(method, room, std::move(ticket), reply, std::move(caller)));
  call->reactor_ = new Reactor(call);
  return call;
}

Call::Call(const Method& method, CallRoom& room, CallGate::Ticket ticket, grpc::ByteBuffer* reply,
           Caller caller)
    : CallCore(method, room, std::move(ticket), std::move(caller)), reply_(reply) {}

Call::~Call() = default;

grpc::ServerUnaryReactor* Call::reactor() const { return reactor_; }

void Call::MarkWaiting() {
  waiting_ = true;
  room().AddWait(shared_from_this());
}

// The work has come back, so its place is free before the caller can ask for the next.
void Call::Succeed(const google::protobuf::Message& reply) {
  if (!Claim()) return;
  GiveTicketBack();
  if (target().empty()) SetTarget(TargetOf(reply));  // A new instance's id.
  FinishWith(BytesOfMessage(reply));
}

void Call::SucceedWith(StatusOr<grpc::ByteBuffer> reply) {
  if (!Claim()) return;
  GiveTicketBack();
  FinishWith(std::move(reply));
}

void Call::Fail(const Status& status) {
  if (!Claim()) return;
  GiveTicketBack();
  Finish(status);
}

// The work goes on, and its place stays taken until it lets go of the call.
void Call::Cancelled() {
  if (!Claim()) return;
  Finish(Status(StatusCode::kCancelled, "the caller has left"));
}

void Call::FinishWith(StatusOr<grpc::ByteBuffer> reply) {
  const Status status = reply.status();
  if (reply.ok()) *reply_ = *std::move(reply);
  Finish(status);
}

// The reactor, and with it the last reference but the caller's, may be gone right after its Finish.
void Call::Finish(const Status& status) {
  if (waiting_) room().RemoveWait(this);
  Report(status);
  reactor_->Finish(ToGrpcStatus(status));
}

}  // namespace berth::api
