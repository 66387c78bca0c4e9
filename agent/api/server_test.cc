// SPDX-License-Identifier: Apache-2.0
// The server as a whole: what it offers, who it lets in, how it stops.
#include "agent/api/server.h"

#include <gmock/gmock.h>
#include <grpcpp/completion_queue.h>
#include <gtest/gtest.h>

#include <future>
#include <set>
#include <thread>

#include "agent/api/contract.h"
#include "agent/api/test_agent.h"
#include "core/base/reasons.h"

namespace berth::api {
namespace {

using testing::AnyOf;
using testing::Eq;
using testing::HasSubstr;

// A stream with one message to the server; what it sends until its end goes to `received`; where
// that is null, the stream is left after its first message.
grpc::Status CallStream(const std::shared_ptr<grpc::Channel>& channel, const std::string& path,
                        const std::string& bytes, std::string* received = nullptr) {
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  grpc::GenericStub stub(channel);
  const auto stream = stub.PrepareCall(&context, path, &queue);
  void* tag = nullptr;
  bool ok = false;
  stream->StartCall(nullptr);
  queue.Next(&tag, &ok);
  const grpc::Slice slice(bytes);
  stream->WriteLast(grpc::ByteBuffer(&slice, 1), grpc::WriteOptions(), nullptr);
  queue.Next(&tag, &ok);
  grpc::ByteBuffer message;
  for (;;) {
    stream->Read(&message, nullptr);
    queue.Next(&tag, &ok);
    if (!ok) break;
    // It answers; what more it has to say need not be waited for.
    if (received == nullptr) context.TryCancel();
    std::vector<grpc::Slice> slices;
    if (received == nullptr || !message.Dump(&slices).ok()) continue;
    for (const grpc::Slice& s : slices)
      received->append(reinterpret_cast<const char*>(s.begin()), s.size());
  }
  grpc::Status status;
  stream->Finish(&status, nullptr);
  queue.Next(&tag, &ok);
  return status;
}

// grpc.health.v1's answer: 1 is SERVING, 2 is NOT_SERVING; -1 is NOT_FOUND.
int HealthOf(TestAgent& agent, const std::string& service) {
  const std::string request =
      service.empty() ? "" : "\x0a" + std::string(1, static_cast<char>(service.size())) + service;
  std::string reply;
  const grpc::Status status =
      CallRaw(agent.channel, "/grpc.health.v1.Health/Check", request, nullptr, &reply);
  if (status.error_code() == grpc::StatusCode::NOT_FOUND) return -1;
  return reply.size() == 2 && reply[0] == '\x08' ? reply[1] : 0;
}

TEST(ServerTest, EveryMethodOfTheContractIsBuiltOrSaysWithAReasonThatItIsNot) {
  const TempDirectory directory;
  const TestAgent agent({}, {.ledger_path = directory.Path("ledger.db")});
  std::set<std::string> built;
  for (const auto* service : ContractServices())
    for (int i = 0; i < service->method_count(); ++i) {
      const auto* method = service->method(i);
      const std::string path = "/" + service->full_name() + "/" + method->name();
      const bool stream = method->client_streaming() || method->server_streaming();
      const WireError error =
          Decode(stream ? CallStream(agent.channel, path, "") : CallRaw(agent.channel, path, ""));
      if (error.code == grpc::StatusCode::UNIMPLEMENTED) {
        EXPECT_EQ(error.reason, reasons::kNotImplemented) << path;
        EXPECT_EQ(error.metadata.at("method"), method->name()) << path;
      } else {
        EXPECT_THAT(
            error.code,
            AnyOf(Eq(grpc::StatusCode::OK), Eq(grpc::StatusCode::INVALID_ARGUMENT),
                  Eq(grpc::StatusCode::FAILED_PRECONDITION), Eq(grpc::StatusCode::CANCELLED)))
            << path;
        built.insert(method->name());
      }
    }
  const std::set<std::string> expected = {"BatchCreateInstances",
                                          "CancelOperation",
                                          "CheckLedger",
                                          "Commit",
                                          "CreateInstance",
                                          "DeleteImage",
                                          "ExportLedger",
                                          "GetConsoleOutput",
                                          "GetHeadroom",
                                          "GetImage",
                                          "GetInstance",
                                          "GetNode",
                                          "GetOperation",
                                          "GetReservation",
                                          "ImportImage",
                                          "ListClaims",
                                          "ListEvents",
                                          "ListImages",
                                          "ListInstanceTypes",
                                          "ListInstances",
                                          "ListOperations",
                                          "ListReservations",
                                          "PlanInstance",
                                          "PullImage",
                                          "RebootInstance",
                                          "RebuildLedger",
                                          "Release",
                                          "Reserve",
                                          "ResizeInstance",
                                          "RestoreLedger",
                                          "SendDiagnosticInterrupt",
                                          "StartInstance",
                                          "StopInstance",
                                          "TerminateInstance",
                                          "UpdateInstance",
                                          "WaitOperation",
                                          "WatchInstances",
                                          "WatchNode"};
  EXPECT_EQ(built, expected);
}

TEST(ServerTest, ServicesAreNotServingUntilTheAgentSaysSo) {
  TestAgent agent;
  for (const std::string& service : ApiServer::ServiceNames()) {
    EXPECT_EQ(HealthOf(agent, service), 2) << service;
    agent.server->SetServing(service, true);
    EXPECT_EQ(HealthOf(agent, service), 1) << service;
  }
  EXPECT_EQ(HealthOf(agent, ""), 2);
  agent.server->SetServing("", true);
  EXPECT_EQ(HealthOf(agent, ""), 1);
  EXPECT_EQ(HealthOf(agent, "berth.v1.Nonsense"), -1);
}

TEST(ServerTest, ReflectionListsTheContract) {
  TestAgent agent;
  std::string services;
  // list_services = "".
  const grpc::Status status =
      CallStream(agent.channel, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                 std::string("\x3a\x00", 2), &services);
  EXPECT_TRUE(status.ok()) << status.error_message();
  for (const std::string& service : ApiServer::ServiceNames())
    EXPECT_THAT(services, HasSubstr(service));
  EXPECT_THAT(services, HasSubstr("grpc.health.v1.Health"));
}

TEST(ServerTest, TheCallerIsTheUserAtTheOtherEndOfTheSocket) {
  TestAgent agent;
  grpc::ClientContext context;
  v1::Instance reply;
  agent.instances->TerminateInstance(&context, v1::TerminateInstanceRequest(), &reply);
  EXPECT_EQ(agent.log.LinesWith("audit").at(0).fields.at("principal"),
            "uid:" + std::to_string(getuid()));
}

TEST(ServerTest, ASecondServerDoesNotTakeThePathOfTheFirst) {
  TestAgent agent;
  const auto second =
      ApiServer::Start({.socket_path = agent.socket, .limits = {}}, {.node = agent.node,
                                                                     .ledger = agent.care,
                                                                     .clock = agent.clock,
                                                                     .log = agent.log,
                                                                     .facts = {}});
  EXPECT_EQ(second.status().code(), StatusCode::kFailedPrecondition);
  grpc::ClientContext context;
  v1::Node reply;
  EXPECT_TRUE(agent.nodes->GetNode(&context, v1::GetNodeRequest(), &reply).ok());
}

TEST(ServerTest, AStoppedServerLeavesNoSocketAndItsSuccessorServes) {
  TestAgent agent;
  agent.server->Shutdown(Duration(0));
  EXPECT_FALSE(agent.directory.Has("berthd.sock"));
  agent.server.reset();
  agent.Serve();
  grpc::ClientContext context;
  v1::Node reply;
  EXPECT_TRUE(agent.nodes->GetNode(&context, v1::GetNodeRequest(), &reply).ok());
}

TEST(ServerTest, WhoWaitsIsToldWhenTheAgentStops) {
  TestAgent agent({.waits_max = 1});
  agent.storage.SetDelay(StorageCall::kCreateRootDisk, std::chrono::hours(1));
  v1::CreateInstanceRequest create;
  create.mutable_spec()->set_instance_type("m1.small");
  create.mutable_spec()->mutable_boot()->mutable_disk()->set_image("base.qcow2");
  grpc::ClientContext create_context;
  v1::Instance instance;
  ASSERT_TRUE(agent.instances->CreateInstance(&create_context, create, &instance).ok());
  v1::WaitOperationRequest request;
  request.set_operation_id(instance.status().operation());
  const auto wait = [&] {
    grpc::ClientContext context;
    v1::Operation reply;
    return Decode(agent.operations->WaitOperation(&context, request, &reply));
  };
  std::promise<WireError> got;
  std::thread waiter([&] {
    WireError error = wait();
    while (error.reason == reasons::kOverloaded) error = wait();  // A probe was in its place.
    got.set_value(error);
  });
  // It waits once there is no room for another one.
  v1::WaitOperationRequest probe;
  probe.set_operation_id(instance.status().operation());
  probe.mutable_timeout()->set_seconds(0);
  for (WireError full; full.reason != reasons::kOverloaded;) {
    grpc::ClientContext context;
    v1::Operation reply;
    full = Decode(agent.operations->WaitOperation(&context, probe, &reply));
  }
  agent.server->Shutdown(std::chrono::seconds(5));
  waiter.join();
  const WireError error = got.get_future().get();
  EXPECT_EQ(error.code, grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(error.reason, reasons::kAgentStopping);
}

TEST(ServerTest, AConnectionThatSaysNothingKeepsNobodyFromStopping) {
  TestAgent agent;
  const auto idle = grpc::CreateChannel("unix:" + agent.socket, grpc::InsecureChannelCredentials());
  EXPECT_TRUE(idle->WaitForConnected(
      gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_seconds(10, GPR_TIMESPAN))));
  agent.server->Shutdown(std::chrono::seconds(60));
}

}  // namespace
}  // namespace berth::api
