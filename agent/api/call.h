// SPDX-License-Identifier: Apache-2.0
// One unary call, from its arrival to its one end: a reply, an error, or its caller leaving.
//
// The reactor that gRPC holds and the work that the call has set going end in any order and on any
// thread. Whoever calls first of Succeed, Fail and gRPC's cancellation ends the call; the others
// then do nothing. So a handler may hand its Call to work that outlives the caller, and committed
// work goes on without anyone to tell.
//
// Each end is told to the observer, and of a mutating method to the audit log. Thread-safe.
#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "agent/api/call_gate.h"
#include "core/base/clock.h"
#include "core/base/status.h"
#include "google/protobuf/message.h"

namespace berth::api {

class CallRoom;

// What the contract says of a method.
struct Method {
  std::string path;       // "/berth.v1.InstanceService/CreateInstance"
  std::string name;       // "CreateInstance"
  bool mutating = false;  // Not marked NO_SIDE_EFFECTS.
};

class Call : public std::enable_shared_from_this<Call> {
 public:
  // Who calls, and for how long the reply is waited for.
  struct Caller {
    std::string principal;              // "uid:0"
    std::optional<Duration> time_left;  // To the call's deadline; nullopt: it has none.
  };

  // Begins a call whose reply goes to `reply`; `method` and `room` outlive its end. A call that is
  // born dead (no ticket) is for Fail alone.
  static std::shared_ptr<Call> Begin(const Method& method, CallRoom& room, CallGate::Ticket ticket,
                                     grpc::ByteBuffer* reply, Caller caller);
  ~Call();

  // What the handler returns to gRPC, which owns it.
  grpc::ServerUnaryReactor* reactor() const;
  const Method& method() const { return method_; }
  const Caller& caller() const { return caller_; }
  WallTime WallNow() const;
  // For the audit log; "" or well formed. Before any work is set going.
  void SetNames(std::string request_id, std::string target);
  // Lets the call be ended by CallRoom::Stop.
  void MarkWaiting();

  void Succeed(const google::protobuf::Message& reply);
  void Fail(const Status& status);

  // A `done` for work that answers a T: `convert` makes the reply of it.
  template <typename T, typename Convert>
  std::function<void(StatusOr<T>)> AnswerWith(Convert convert) {
    return [call = shared_from_this(), convert = std::move(convert)](StatusOr<T> result) {
      if (!result.ok()) return call->Fail(result.status());
      if (!call->ended()) call->Succeed(convert(*result));
    };
  }

  bool ended() const { return ended_.load(); }

 private:
  class Reactor;
  Call(const Method& method, CallRoom& room, CallGate::Ticket ticket, grpc::ByteBuffer* reply,
       Caller caller);
  // True for the one who ends the call.
  bool Claim() { return !ended_.exchange(true); }
  void Finish(const Status& status);
  void Report(const Status& status) const;
  void Cancelled();

  const Method& method_;
  CallRoom& room_;
  CallGate::Ticket ticket_;
  grpc::ByteBuffer* reply_;
  const Caller caller_;
  struct {
    std::string request_id;
    std::string target;
  } names_;
  const SteadyTime began_;
  Reactor* reactor_;  // Alive until the call has ended.
  std::atomic<bool> ended_{false};
  bool waiting_ = false;
};

using CallPtr = std::shared_ptr<Call>;

}  // namespace berth::api
