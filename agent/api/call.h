// SPDX-License-Identifier: Apache-2.0
// One unary call, from its arrival to its one end: a reply, an error, or its caller leaving.
//
// The reactor that gRPC holds and the work that the call has set going end in any order and on any
// thread. Whoever calls first of Succeed, Fail and gRPC's cancellation ends the call; the others
// then do nothing. So a handler may hand its Call to work that outlives the caller, and committed
// work goes on without anyone to tell.
//
// Thread-safe.
#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "agent/api/call_core.h"
#include "core/base/status.h"
#include "google/protobuf/message.h"

namespace berth::api {

class Call final : public CallCore, public std::enable_shared_from_this<Call> {
 public:
  // Begins a call whose reply goes to `reply`; `method` and `room` outlive its end. A call that is
  // born dead (no ticket) is for Fail alone.
  static std::shared_ptr<Call> Begin(const Method& method, CallRoom& room, CallGate::Ticket ticket,
                                     grpc::ByteBuffer* reply, Caller caller);
  ~Call() override;

  // What the handler returns to gRPC, which owns it.
  grpc::ServerUnaryReactor* reactor() const;
  // Lets the call be ended by CallRoom::Stop.
  void MarkWaiting();

  void Succeed(const google::protobuf::Message& reply);
  // The same with the reply serialized already, or why it could not be.
  void SucceedWith(StatusOr<grpc::ByteBuffer> reply);
  void Fail(const Status& status) override;

  // A `done` for work that answers a T: `convert` makes the reply of it.
  template <typename T, typename Convert>
  std::function<void(StatusOr<T>)> AnswerWith(Convert convert) {
    return [call = shared_from_this(), convert = std::move(convert)](StatusOr<T> result) {
      if (!result.ok()) return call->Fail(result.status());
      if (!call->ended()) call->Succeed(convert(*result));
    };
  }

 private:
  class Reactor;
  Call(const Method& method, CallRoom& room, CallGate::Ticket ticket, grpc::ByteBuffer* reply,
       Caller caller);
  void FinishWith(StatusOr<grpc::ByteBuffer> reply);
  void Finish(const Status& status);
  void Cancelled();

  grpc::ByteBuffer* reply_;
  Reactor* reactor_ = nullptr;  // Alive until the call has ended.
  bool waiting_ = false;
};

using CallPtr = std::shared_ptr<Call>;

}  // namespace berth::api
