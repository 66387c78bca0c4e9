// SPDX-License-Identifier: Apache-2.0
// One gRPC service, made from its descriptor: every method of the contract is registered, and those
// without a handler answer UNIMPLEMENTED NOT_IMPLEMENTED_YET, so that none can be forgotten.
//
// Methods take and give bytes and are parsed here rather than by generated code, since that answers
// a request it cannot parse with a bare UNIMPLEMENTED, and one that is too large with
// RESOURCE_EXHAUSTED, which would read as "no capacity" (docs/decisions/0010).
//
// Serve is called before the server starts; then thread-safe.
#pragma once

#include <grpcpp/impl/service_type.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/api/call.h"
#include "agent/api/call_room.h"
#include "agent/api/request_check.h"
#include "agent/api/request_faults.h"
#include "agent/api/stream_call.h"
#include "google/protobuf/descriptor.h"

namespace berth::api {

class RpcService final : public grpc::Service {
 public:
  // Runs on a thread of gRPC's: converts, sets work going, returns. `faults` already holds what is
  // wrong with the request in general (request_check.h); the handler adds what it finds and refuses
  // a request that has any. The request dies with the handler's return.
  template <typename Request>
  using Handler = std::function<void(const Request&, RequestFaults, const CallPtr&)>;
  // Likewise for one whose answer is a stream.
  template <typename Request>
  using StreamHandler = std::function<void(const Request&, RequestFaults, const StreamPtr&)>;
  // Who calls, by gRPC's name of the peer.
  using PrincipalOf = std::function<std::string(const std::string& peer)>;

  // `room` outlives this.
  RpcService(const google::protobuf::ServiceDescriptor& descriptor, CallRoom& room,
             PrincipalOf principal_of);

  // Gives `method` its handler. The descriptor has a unary method of that name and request.
  template <typename Request>
  void Serve(std::string_view method, Handler<Request> handler) {
    Bind(method, *Request::descriptor(), &CallRoom::calls,
         Typed<Request, CallPtr>(std::move(handler)));
  }
  // Likewise for a method that mostly waits: counted at the other gate.
  template <typename Request>
  void ServeWait(std::string_view method, Handler<Request> handler) {
    Bind(method, *Request::descriptor(), &CallRoom::waits,
         Typed<Request, CallPtr>(std::move(handler)));
  }
  // The same for a method that answers with a stream.
  template <typename Request>
  void ServeStream(std::string_view method, StreamHandler<Request> handler) {
    BindStream(method, *Request::descriptor(), Typed<Request, StreamPtr>(std::move(handler)));
  }

 private:
  using Gate = CallGate& (CallRoom::*)() const;
  template <typename Ptr>
  using BytesHandler = std::function<void(const grpc::ByteBuffer&, const Ptr&)>;
  struct Entry {
    Method method;
    const google::protobuf::MethodDescriptor* descriptor;
    Gate gate = &CallRoom::calls;
    // Both empty: not built.
    BytesHandler<CallPtr> handler;
    BytesHandler<StreamPtr> stream_handler;
  };

  template <typename Request, typename Ptr, typename Handler>
  static BytesHandler<Ptr> Typed(Handler handler) {
    return [handler = std::move(handler)](const grpc::ByteBuffer& buffer, const Ptr& call) {
      const StatusOr<std::string> bytes = BytesOf(buffer);
      if (!bytes.ok()) return call->Fail(bytes.status());
      Request request;
      if (const Status parsed = ParseRequest(*bytes, request); !parsed.ok())
        return call->Fail(parsed);
      call->SetNames(RequestIdOf(request), TargetOf(request));
      handler(request, CheckRequest(*bytes, request), call);
    };
  }

  void Bind(std::string_view method, const google::protobuf::Descriptor& request, Gate gate,
            BytesHandler<CallPtr> handler);
  void BindStream(std::string_view method, const google::protobuf::Descriptor& request,
                  BytesHandler<StreamPtr> handler);
  // The method of that name; it takes such requests, and is of that kind.
  Entry& Find(std::string_view method, const google::protobuf::Descriptor& request, bool stream);
  void Register(int index, Entry& entry);
  grpc::ServerUnaryReactor* Handle(const Entry& entry, grpc::CallbackServerContext& context,
                                   const grpc::ByteBuffer& request, grpc::ByteBuffer* reply);
  grpc::ServerWriteReactor<grpc::ByteBuffer>* HandleStream(const Entry& entry,
                                                           grpc::CallbackServerContext& context,
                                                           const grpc::ByteBuffer& request);
  // Fails a call that is not taken; else hands it to its handler.
  template <typename Ptr>
  void Take(const Entry& entry, bool admitted, const BytesHandler<Ptr>& handler,
            const grpc::ByteBuffer& request, const Ptr& call);

  CallRoom& room_;
  const PrincipalOf principal_of_;
  std::deque<Entry> entries_;  // By index of the method; gRPC keeps pointers to their paths.
};

}  // namespace berth::api
