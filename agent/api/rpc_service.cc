// SPDX-License-Identifier: Apache-2.0
#include "agent/api/rpc_service.h"

#include <fmt/format.h>
#include <grpcpp/impl/codegen/rpc_service_method.h>
#include <grpcpp/impl/codegen/server_callback_handlers.h>

#include "agent/api/error_convert.h"
#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/reasons.h"
#include "google/protobuf/descriptor.pb.h"

namespace berth::api {
namespace {

using google::protobuf::MethodDescriptor;
using google::protobuf::MethodOptions;
using grpc::ByteBuffer;
using grpc::CallbackServerContext;
using grpc::internal::RpcMethod;
using grpc::internal::RpcServiceMethod;

RpcMethod::RpcType TypeOf(const MethodDescriptor& method) {
  if (method.client_streaming())
    return method.server_streaming() ? RpcMethod::BIDI_STREAMING : RpcMethod::CLIENT_STREAMING;
  return method.server_streaming() ? RpcMethod::SERVER_STREAMING : RpcMethod::NORMAL_RPC;
}

bool IsMutating(const MethodDescriptor& method) {
  return method.options().idempotency_level() != MethodOptions::NO_SIDE_EFFECTS;
}

Status NotBuilt(const Method& method) {
  return MakeError(
      StatusCode::kUnimplemented,
      fmt::format("{} is part of the contract and not built yet in this agent", method.name),
      {.reason = reasons::kNotImplemented, .metadata = {{"method", method.name}}});
}

Status Overloaded() {
  return MakeError(StatusCode::kUnavailable, "too many requests are in flight; try again later",
                   {.reason = reasons::kOverloaded, .retry_after = std::chrono::milliseconds(200)});
}

std::optional<Duration> TimeLeft(CallbackServerContext& context) {
  const gpr_timespec deadline = context.raw_deadline();
  if (gpr_time_cmp(deadline, gpr_inf_future(deadline.clock_type)) == 0) return std::nullopt;
  const gpr_timespec left = gpr_time_sub(deadline, gpr_now(deadline.clock_type));
  return Duration(gpr_time_to_millis(left));
}

// A stream that is refused before its first message; owned by gRPC.
template <typename Reactor>
class RefusedStream final : public Reactor {
 public:
  explicit RefusedStream(const Status& why) { this->Finish(ToGrpcStatus(why)); }
  void OnDone() override { delete this; }
};

// The handler of a stream that is not built. Only the reactor's type differs between the kinds.
grpc::internal::MethodHandler* RefusingHandler(RpcMethod::RpcType type, const Method& method) {
  switch (type) {
    case RpcMethod::CLIENT_STREAMING:
      return new grpc::internal::CallbackClientStreamingHandler<ByteBuffer, ByteBuffer>(
          [&method](CallbackServerContext*, ByteBuffer*) {
            return new RefusedStream<grpc::ServerReadReactor<ByteBuffer>>(NotBuilt(method));
          });
    default:
      return new grpc::internal::CallbackBidiHandler<ByteBuffer, ByteBuffer>(
          [&method](CallbackServerContext*) {
            return new RefusedStream<grpc::ServerBidiReactor<ByteBuffer, ByteBuffer>>(
                NotBuilt(method));
          });
  }
}

}  // namespace

RpcService::RpcService(const google::protobuf::ServiceDescriptor& descriptor, CallRoom& room,
                       PrincipalOf principal_of)
    : room_(room), principal_of_(std::move(principal_of)) {
  for (int i = 0; i < descriptor.method_count(); ++i) {
    const MethodDescriptor& method = *descriptor.method(i);
    Entry& entry = entries_.emplace_back();
    entry.method = {.path = fmt::format("/{}/{}", descriptor.full_name(), method.name()),
                    .name = method.name(),
                    .mutating = IsMutating(method)};
    entry.descriptor = &method;
    Register(i, entry);
  }
}

void RpcService::Register(int index, Entry& entry) {
  const RpcMethod::RpcType type = TypeOf(*entry.descriptor);
  AddMethod(new RpcServiceMethod(entry.method.path.c_str(), type, nullptr));
  if (type == RpcMethod::SERVER_STREAMING) {
    MarkMethodRawCallback(
        index, new grpc::internal::CallbackServerStreamingHandler<ByteBuffer, ByteBuffer>(
                   [this, &entry](CallbackServerContext* context, const ByteBuffer* request) {
                     return HandleStream(entry, *context, *request);
                   }));
    return;
  }
  if (type != RpcMethod::NORMAL_RPC) {
    MarkMethodRawCallback(index, RefusingHandler(type, entry.method));
    return;
  }
  MarkMethodRawCallback(index, new grpc::internal::CallbackUnaryHandler<ByteBuffer, ByteBuffer>(
                                   [this, &entry](CallbackServerContext* context,
                                                  const ByteBuffer* request, ByteBuffer* reply) {
                                     return Handle(entry, *context, *request, reply);
                                   }));
}

RpcService::Entry& RpcService::Find(std::string_view method,
                                    const google::protobuf::Descriptor& request, bool stream) {
  for (Entry& entry : entries_) {
    if (entry.method.name != method) continue;
    BERTH_CHECK(entry.descriptor->input_type() == &request, "the handler takes another request");
    BERTH_CHECK(
        TypeOf(*entry.descriptor) == (stream ? RpcMethod::SERVER_STREAMING : RpcMethod::NORMAL_RPC),
        "the handler is of another kind");
    return entry;
  }
  Fatal(__FILE__, __LINE__, "the contract has no such method", method);
}

void RpcService::Bind(std::string_view method, const google::protobuf::Descriptor& request,
                      Gate gate, BytesHandler<CallPtr> handler) {
  Entry& entry = Find(method, request, /*stream=*/false);
  entry.gate = gate;
  entry.handler = std::move(handler);
}

void RpcService::BindStream(std::string_view method, const google::protobuf::Descriptor& request,
                            BytesHandler<StreamPtr> handler) {
  Find(method, request, /*stream=*/true).stream_handler = std::move(handler);
}

template <typename Ptr>
void RpcService::Take(const Entry& entry, bool admitted, const BytesHandler<Ptr>& handler,
                      const ByteBuffer& request, const Ptr& call) {
  if (const Status admission = room_.Admission(); !admission.ok()) {
    call->Fail(admission);
  } else if (!admitted) {
    call->Fail(Overloaded());
  } else if (!handler) {
    call->Fail(NotBuilt(entry.method));
  } else {
    handler(request, call);
  }
}

grpc::ServerUnaryReactor* RpcService::Handle(const Entry& entry, CallbackServerContext& context,
                                             const ByteBuffer& request, ByteBuffer* reply) {
  CallGate::Ticket ticket = (room_.*entry.gate)().TryEnter();
  const bool admitted = static_cast<bool>(ticket);
  const CallPtr call =
      Call::Begin(entry.method, room_, std::move(ticket), reply,
                  {.principal = principal_of_(context.peer()), .time_left = TimeLeft(context)});
  Take(entry, admitted, entry.handler, request, call);
  return call->reactor();
}

grpc::ServerWriteReactor<ByteBuffer>* RpcService::HandleStream(const Entry& entry,
                                                               CallbackServerContext& context,
                                                               const ByteBuffer& request) {
  CallGate::Ticket ticket = room_.watches().TryEnter();
  const bool admitted = static_cast<bool>(ticket);
  const StreamPtr call = StreamCall::Begin(
      entry.method, room_, std::move(ticket),
      {.principal = principal_of_(context.peer()), .time_left = TimeLeft(context)});
  Take(entry, admitted, entry.stream_handler, request, call);
  return call->reactor();
}

}  // namespace berth::api
