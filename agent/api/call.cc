// SPDX-License-Identifier: Apache-2.0
#include "agent/api/call.h"

#include <fmt/format.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include "agent/api/call_room.h"
#include "agent/api/error_convert.h"
#include "agent/api/request_check.h"
#include "agent/api/text.h"
#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth::api {
namespace {

Status Serialize(const google::protobuf::Message& reply, grpc::ByteBuffer& out) {
  const size_t bytes = reply.ByteSizeLong();
  if (bytes > kReplyBytesMax)
    return MakeError(StatusCode::kOutOfRange, reasons::kReplyTooLarge,
                     fmt::format("the reply would have {} bytes, more than the {} of one message; "
                                 "ask for less at a time",
                                 bytes, kReplyBytesMax));
  bool own = false;
  const grpc::Status done =
      grpc::SerializationTraits<google::protobuf::Message>::Serialize(reply, &out, &own);
  return done.ok() ? OkStatus() : Status(StatusCode::kInternal, "the reply cannot be serialized");
}

}  // namespace

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
    : method_(method),
      room_(room),
      ticket_(std::move(ticket)),
      reply_(reply),
      caller_(std::move(caller)),
      began_(room.clock().Now()),
      reactor_(nullptr) {}

Call::~Call() = default;

grpc::ServerUnaryReactor* Call::reactor() const { return reactor_; }

WallTime Call::WallNow() const { return room_.clock().WallNow(); }

void Call::SetNames(std::string request_id, std::string target) {
  names_.request_id = std::move(request_id);
  names_.target = std::move(target);
}

void Call::MarkWaiting() {
  waiting_ = true;
  room_.AddWait(shared_from_this());
}

// The work has come back, so its place is free before the caller can ask for the next.
void Call::Succeed(const google::protobuf::Message& reply) {
  if (!Claim()) return;
  ticket_.Release();
  if (names_.target.empty()) names_.target = TargetOf(reply);  // A new instance's id.
  Finish(Serialize(reply, *reply_));
}

void Call::Fail(const Status& status) {
  if (!Claim()) return;
  ticket_.Release();
  Finish(status);
}

// The work goes on, and its place stays taken until it lets go of the call.
void Call::Cancelled() {
  if (!Claim()) return;
  Finish(Status(StatusCode::kCancelled, "the caller has left"));
}

// The reactor, and with it the last reference but the caller's, may be gone right after its Finish.
void Call::Finish(const Status& status) {
  if (waiting_) room_.RemoveWait(this);
  Report(status);
  reactor_->Finish(ToGrpcStatus(status));
}

void Call::Report(const Status& status) const {
  const auto took =
      std::chrono::duration_cast<std::chrono::nanoseconds>(room_.clock().Now() - began_);
  if (room_.observer().call_ended) room_.observer().call_ended(method_.name, status.code(), took);
  const std::string words(status.message().data(), status.message().size());
  if (IsFaultOfOurs(status.code()))
    room_.log().Error("a call failed by a fault of the agent",
                      {{"method", method_.name}, {"error", Truncated(words, 4096)}});
  if (method_.mutating)
    room_.log().Info("audit", {{"principal", caller_.principal},
                               {"method", method_.name},
                               {"request_id", names_.request_id},
                               {"target", names_.target},
                               {"code", std::string(CodeName(status.code()))},
                               {"reason", ReasonOf(status)}});
}

}  // namespace berth::api
