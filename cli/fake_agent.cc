// SPDX-License-Identifier: Apache-2.0
#include "cli/fake_agent.h"

#include <google/protobuf/util/time_util.h>
#include <grpcpp/server_builder.h>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace berth::cli {
namespace {

template <typename Request, typename Reply>
grpc::Status Use(const Answer<Request, Reply>& answer, const Request& request, Reply& reply) {
  if (!answer) return grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "no such thing here");
  return answer(request, reply);
}

using Call = grpc::ServerContext*;

}  // namespace

class FakeAgent::Instances final : public v1::InstanceService::Service {
 public:
  explicit Instances(const FakeAnswers& answers) : answers_(answers) {}
  grpc::Status CreateInstance(Call, const v1::CreateInstanceRequest* request,
                              v1::Instance* reply) override {
    return Use(answers_.create, *request, *reply);
  }
  grpc::Status GetInstance(Call, const v1::GetInstanceRequest* request,
                           v1::Instance* reply) override {
    return Use(answers_.get, *request, *reply);
  }
  grpc::Status ListInstances(Call, const v1::ListInstancesRequest* request,
                             v1::ListInstancesResponse* reply) override {
    return Use(answers_.list, *request, *reply);
  }
  grpc::Status StopInstance(Call, const v1::StopInstanceRequest* request,
                            v1::Instance* reply) override {
    return Use(answers_.stop, *request, *reply);
  }
  grpc::Status ResizeInstance(Call, const v1::ResizeInstanceRequest* request,
                              v1::Operation* reply) override {
    return Use(answers_.resize, *request, *reply);
  }
  grpc::Status UpdateInstance(Call, const v1::UpdateInstanceRequest* request,
                              v1::Instance* reply) override {
    return Use(answers_.update, *request, *reply);
  }
  grpc::Status ListEvents(Call, const v1::ListEventsRequest* request,
                          v1::ListEventsResponse* reply) override {
    return Use(answers_.events, *request, *reply);
  }
  grpc::Status WatchInstances(Call, const v1::WatchInstancesRequest* request,
                              grpc::ServerWriter<v1::WatchInstancesResponse>* writer) override {
    std::vector<v1::WatchInstancesResponse> messages;
    const grpc::Status end = Use(answers_.watch, *request, messages);
    for (const v1::WatchInstancesResponse& message : messages) writer->Write(message);
    return end;
  }
  grpc::Status GetConsoleOutput(Call, const v1::GetConsoleOutputRequest* request,
                                v1::GetConsoleOutputResponse* reply) override {
    return Use(answers_.console, *request, *reply);
  }

 private:
  const FakeAnswers& answers_;
};

class FakeAgent::Nodes final : public v1::NodeService::Service {
 public:
  explicit Nodes(const FakeAnswers& answers) : answers_(answers) {}
  grpc::Status GetNode(Call, const v1::GetNodeRequest* request, v1::Node* reply) override {
    return Use(answers_.node, *request, *reply);
  }
  grpc::Status ListInstanceTypes(Call, const v1::ListInstanceTypesRequest* request,
                                 v1::ListInstanceTypesResponse* reply) override {
    return Use(answers_.types, *request, *reply);
  }

 private:
  const FakeAnswers& answers_;
};

class FakeAgent::Operations final : public v1::OperationService::Service {
 public:
  explicit Operations(const FakeAnswers& answers) : answers_(answers) {}
  grpc::Status WaitOperation(Call, const v1::WaitOperationRequest* request,
                             v1::Operation* reply) override {
    return Use(answers_.wait, *request, *reply);
  }
  grpc::Status ListOperations(Call, const v1::ListOperationsRequest* request,
                              v1::ListOperationsResponse* reply) override {
    return Use(answers_.operations, *request, *reply);
  }
  grpc::Status CancelOperation(Call, const v1::CancelOperationRequest* request,
                               v1::Operation* reply) override {
    return Use(answers_.cancel, *request, *reply);
  }

 private:
  const FakeAnswers& answers_;
};

class FakeAgent::Images final : public v1::ImageService::Service {
 public:
  explicit Images(const FakeAnswers& answers) : answers_(answers) {}
  grpc::Status PullImage(Call, const v1::PullImageRequest* request, v1::Operation* reply) override {
    return Use(answers_.pull, *request, *reply);
  }
  grpc::Status ListImages(Call, const v1::ListImagesRequest* request,
                          v1::ListImagesResponse* reply) override {
    return Use(answers_.images, *request, *reply);
  }

 private:
  const FakeAnswers& answers_;
};

FakeAgent::FakeAgent(const std::string& socket)
    : instances_(std::make_unique<Instances>(answers)),
      nodes_(std::make_unique<Nodes>(answers)),
      operations_(std::make_unique<Operations>(answers)),
      images_(std::make_unique<Images>(answers)) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort("unix:" + socket, grpc::InsecureServerCredentials());
  builder.RegisterService(instances_.get());
  builder.RegisterService(nodes_.get());
  builder.RegisterService(operations_.get());
  builder.RegisterService(images_.get());
  server_ = builder.BuildAndStart();
}

FakeAgent::~FakeAgent() { server_->Shutdown(); }

grpc::Status AgentError(grpc::StatusCode code, const std::string& message,
                        const ErrorDetails& details) {
  google::rpc::Status status;
  status.set_code(code);
  status.set_message(message);
  google::rpc::ErrorInfo info;
  info.set_reason(details.reason);
  info.set_domain("berth.v1");
  info.mutable_metadata()->insert(details.metadata.begin(), details.metadata.end());
  status.add_details()->PackFrom(info);
  google::rpc::BadRequest bad;
  for (const FieldViolation& violation : details.violations) {
    auto* added = bad.add_field_violations();
    added->set_field(violation.field);
    added->set_description(violation.description);
  }
  if (!details.violations.empty()) status.add_details()->PackFrom(bad);
  if (details.retry_after) {
    google::rpc::RetryInfo retry;
    *retry.mutable_retry_delay() =
        google::protobuf::util::TimeUtil::MillisecondsToDuration(details.retry_after->count());
    status.add_details()->PackFrom(retry);
  }
  return grpc::Status(code, message, status.SerializeAsString());
}

}  // namespace berth::cli
