// SPDX-License-Identifier: Apache-2.0
// An agent made of functions, for tests: a gRPC server on a socket of its own. A method whose
// function is not set answers UNIMPLEMENTED. Functions run on gRPC's threads, one call at a time
// here.
#pragma once

#include <grpcpp/server.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "berth/v1/image_service.grpc.pb.h"
#include "berth/v1/instance_service.grpc.pb.h"
#include "berth/v1/node_service.grpc.pb.h"
#include "berth/v1/operation_service.grpc.pb.h"
#include "core/base/error.h"

namespace berth::cli {

template <typename Request, typename Reply>
using Answer = std::function<grpc::Status(const Request&, Reply&)>;

struct FakeAnswers {
  Answer<v1::CreateInstanceRequest, v1::Instance> create;
  Answer<v1::GetInstanceRequest, v1::Instance> get;
  Answer<v1::ListInstancesRequest, v1::ListInstancesResponse> list;
  Answer<v1::StopInstanceRequest, v1::Instance> stop;
  Answer<v1::ResizeInstanceRequest, v1::Operation> resize;
  Answer<v1::UpdateInstanceRequest, v1::Instance> update;
  Answer<v1::ListEventsRequest, v1::ListEventsResponse> events;
  // Fills the messages to send; its status ends the stream.
  Answer<v1::WatchInstancesRequest, std::vector<v1::WatchInstancesResponse>> watch;
  Answer<v1::GetConsoleOutputRequest, v1::GetConsoleOutputResponse> console;
  Answer<v1::GetNodeRequest, v1::Node> node;
  Answer<v1::ListInstanceTypesRequest, v1::ListInstanceTypesResponse> types;
  Answer<v1::WaitOperationRequest, v1::Operation> wait;
  Answer<v1::ListOperationsRequest, v1::ListOperationsResponse> operations;
  Answer<v1::CancelOperationRequest, v1::Operation> cancel;
  Answer<v1::PullImageRequest, v1::Operation> pull;
  Answer<v1::ListImagesRequest, v1::ListImagesResponse> images;
};

class FakeAgent {
 public:
  // Serves at once.
  explicit FakeAgent(const std::string& socket);
  ~FakeAgent();

  FakeAnswers answers;

 private:
  class Instances;
  class Nodes;
  class Operations;
  class Images;
  std::unique_ptr<Instances> instances_;
  std::unique_ptr<Nodes> nodes_;
  std::unique_ptr<Operations> operations_;
  std::unique_ptr<Images> images_;
  std::unique_ptr<grpc::Server> server_;
};

// An error as the agent sends it, with ErrorInfo and BadRequest in its details.
grpc::Status AgentError(grpc::StatusCode code, const std::string& message,
                        const ErrorDetails& details);

}  // namespace berth::cli
