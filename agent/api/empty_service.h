// SPDX-License-Identifier: Apache-2.0
// For benchmarks: the bare call that ours are held against.
#pragma once

#include <grpcpp/support/server_callback.h>

#include "berth/v1/node_service.grpc.pb.h"

namespace berth::api {

// gRPC's own server at its plainest: what a call costs without anything of ours.
class EmptyService final : public v1::NodeService::CallbackService {
  grpc::ServerUnaryReactor* GetNode(grpc::CallbackServerContext* context, const v1::GetNodeRequest*,
                                    v1::Node*) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

}  // namespace berth::api
