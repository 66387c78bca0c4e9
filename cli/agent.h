// SPDX-License-Identifier: Apache-2.0
// The agent at the other end of the socket: one channel, and calls that are tried again where that
// is safe. Blocking, one thread.
//
// Tried again is what answers UNAVAILABLE, up to five times within about three seconds: a mutating
// request therefore always carries a request_id. Not tried again: a hypervisor that does not answer
// (that takes longer), and a socket that nobody has answered at yet.
#pragma once

#include <grpcpp/client_context.h>

#include <functional>
#include <memory>
#include <optional>
#include <tuple>

#include "berth/v1/image_service.grpc.pb.h"
#include "berth/v1/instance_service.grpc.pb.h"
#include "berth/v1/node_service.grpc.pb.h"
#include "berth/v1/operation_service.grpc.pb.h"
#include "berth/v1/reservation_service.grpc.pb.h"
#include "cli/context.h"
#include "core/base/status.h"

namespace berth::cli {

class Agent {
 public:
  // Connects at the first call. `context` outlives this.
  explicit Agent(const Context& context);

  // agent.Call(&InstanceStub::GetInstance, request): the reply, or the error with the agent's
  // details. Nobody answers: UNAVAILABLE with reason kUnreachable (nothing was asked) or kNoReply
  // (it may have been done); past the deadline of --timeout: DEADLINE_EXCEEDED with kNoReply.
  template <typename Stub, typename Request, typename Reply>
  StatusOr<Reply> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Reply*),
                       const Request& request) {
    return Call(method, request, Duration(0));
  }
  // Likewise for a call that itself waits for up to `waits`.
  template <typename Stub, typename Request, typename Reply>
  StatusOr<Reply> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Reply*),
                       const Request& request, Duration waits) {
    Reply reply;
    const Status status = Try(waits, [&](grpc::ClientContext& call) {
      Stub& stub = *std::get<std::unique_ptr<Stub>>(stubs_);  // Each try may have another.
      return (stub.*method)(&call, request, &reply);
    });
    if (!status.ok()) return status;
    return reply;
  }

  // agent.Stream(&InstanceStub::WatchInstances, request, each): each message as it comes, then what
  // the stream ended with. Not tried again.
  template <typename Stub, typename Request, typename Reply, typename Each>
  Status Stream(std::unique_ptr<grpc::ClientReaderInterface<Reply>> (Stub::*method)(
                    grpc::ClientContext*, const Request&),
                const Request& request, Each each) {
    return TryOnce([&](grpc::ClientContext& call) {
      Stub& stub = *std::get<std::unique_ptr<Stub>>(stubs_);
      const auto reader = (stub.*method)(&call, request);
      Reply message;
      while (reader->Read(&message)) each(message);
      return reader->Finish();
    });
  }

 private:
  using Stubs = std::tuple<std::unique_ptr<berth::v1::InstanceService::StubInterface>,
                           std::unique_ptr<berth::v1::NodeService::StubInterface>,
                           std::unique_ptr<berth::v1::OperationService::StubInterface>,
                           std::unique_ptr<berth::v1::ReservationService::StubInterface>,
                           std::unique_ptr<berth::v1::ImageService::StubInterface>>;
  using Attempt = std::function<grpc::Status(grpc::ClientContext&)>;

  // A channel of its own, so that a try is never answered from what an earlier one met.
  static Stubs Connect(const std::string& socket);
  Status Try(Duration waits, const Attempt& attempt);
  // `limit`: nullopt, however long it takes.
  Status TryOnce(const Attempt& attempt, std::optional<Duration> limit = std::nullopt);
  // What the end of a call means that carries no word of the agent's.
  Status Interpret(const grpc::Status& status) const;

  const Context& context_;
  bool spoken_ = false;  // A call may have reached an agent.
  Stubs stubs_;
};

using InstanceStub = berth::v1::InstanceService::StubInterface;
using NodeStub = berth::v1::NodeService::StubInterface;
using OperationStub = berth::v1::OperationService::StubInterface;
using ImageStub = berth::v1::ImageService::StubInterface;
using ReservationStub = berth::v1::ReservationService::StubInterface;

}  // namespace berth::cli
