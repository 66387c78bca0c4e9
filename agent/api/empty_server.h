// SPDX-License-Identifier: Apache-2.0
// For benchmarks: the bare call that ours are held against.
#pragma once

#include <grpcpp/create_channel.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/server_callback.h>

#include <memory>
#include <string>

#include "berth/v1/node_service.grpc.pb.h"

namespace berth::api {

// gRPC's own server at its plainest, on a socket of its own: what a call costs without anything of
// ours. Its GetNode answers with an empty message.
class EmptyServer {
 public:
  explicit EmptyServer(const std::string& socket) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("unix:" + socket, grpc::InsecureServerCredentials());
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    stub = v1::NodeService::NewStub(
        grpc::CreateChannel("unix:" + socket, grpc::InsecureChannelCredentials()));
  }
  ~EmptyServer() { server_->Shutdown(); }

  std::unique_ptr<v1::NodeService::Stub> stub;

 private:
  class Service final : public v1::NodeService::CallbackService {
    grpc::ServerUnaryReactor* GetNode(grpc::CallbackServerContext* context,
                                      const v1::GetNodeRequest*, v1::Node*) override {
      grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
      reactor->Finish(grpc::Status::OK);
      return reactor;
    }
  };

  Service service_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace berth::api
