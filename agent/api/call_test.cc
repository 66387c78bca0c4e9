// SPDX-License-Identifier: Apache-2.0
// How calls begin and end, over a real gRPC server in this process, with handlers of the test's
// own.
#include "agent/api/call.h"

#include <gmock/gmock.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "agent/api/call_room.h"
#include "agent/api/contract.h"
#include "agent/api/rpc_service.h"
#include "agent/api/test_support.h"
#include "berth/v1/instance_service.grpc.pb.h"
#include "core/base/reasons.h"

namespace berth::api {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr char kId[] = "i-0123456789abcdef0";
constexpr char kGet[] = "/berth.v1.InstanceService/GetInstance";

class CallTest : public testing::Test {
 protected:
  CallTest() {
    grpc::ServerBuilder builder;
    builder.RegisterService(&service_);
    builder.SetMaxReceiveMessageSize(4 << 20);
    server_ = builder.BuildAndStart();
    channel_ = server_->InProcessChannel(grpc::ChannelArguments());
    stub_ = v1::InstanceService::NewStub(channel_);
  }
  ~CallTest() override {
    held_.clear();
    server_->Shutdown();
  }

  grpc::Status Get(grpc::ClientContext* context = nullptr) {
    grpc::ClientContext own;
    v1::GetInstanceRequest request;
    request.set_instance_id(kId);
    return stub_->GetInstance(context != nullptr ? context : &own, request, &reply_);
  }
  // GetInstance is answered only through held_.
  void HoldGets() {
    service_.Serve<v1::GetInstanceRequest>("GetInstance",
                                           [this](const auto&, RequestFaults, const CallPtr& call) {
                                             MutexLock lock(mutex_);
                                             held_.push_back(call);
                                             changed_.NotifyAll();
                                           });
  }
  CallPtr AwaitHeld(size_t index) {
    MutexLock lock(mutex_);
    while (held_.size() <= index) changed_.Wait(mutex_);
    return held_[index];
  }
  void AwaitEnded(size_t count) {
    MutexLock lock(mutex_);
    while (ended_.size() < count) changed_.Wait(mutex_);
  }
  std::vector<std::string> Ended() {
    MutexLock lock(mutex_);
    return ended_;
  }
  ApiObserver Observer() {
    return {.call_ended = [this](const std::string& method, StatusCode code, auto) {
      MutexLock lock(mutex_);
      ended_.push_back(method + " " + std::string(CodeName(code)));
      changed_.NotifyAll();
    }};
  }

  Mutex mutex_;
  CondVar changed_;
  std::vector<CallPtr> held_;
  std::vector<std::string> ended_;
  SystemClock clock_;
  RecordingLog log_;
  CallRoom room_{clock_, log_, Observer(), {.calls_max = 2, .waits_max = 1}};
  RpcService service_{*ContractServices().front(), room_,
                      [](const std::string&) { return "uid:7"; }};
  std::unique_ptr<grpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::InstanceService::Stub> stub_;
  v1::Instance reply_;
};

TEST_F(CallTest, AReplyArrivesAndIsCounted) {
  service_.Serve<v1::GetInstanceRequest>(
      "GetInstance", [](const auto& request, RequestFaults, const CallPtr& call) {
        v1::Instance instance;
        instance.set_instance_id(request.instance_id());
        call->Succeed(instance);
      });
  EXPECT_TRUE(Get().ok());
  EXPECT_EQ(reply_.instance_id(), kId);
  EXPECT_THAT(Ended(), ElementsAre("GetInstance OK"));
  EXPECT_TRUE(log_.LinesWith("audit").empty());
}

TEST_F(CallTest, EveryMethodWithoutAHandlerSaysThatItIsNotBuilt) {
  const auto* descriptor = ContractServices().front();
  for (int i = 0; i < descriptor->method_count(); ++i) {
    const auto* method = descriptor->method(i);
    if (method->client_streaming() || method->server_streaming()) continue;  // server_test.cc
    const WireError error =
        Decode(CallRaw(channel_, "/berth.v1.InstanceService/" + method->name(), ""));
    EXPECT_EQ(error.code, grpc::StatusCode::UNIMPLEMENTED) << method->name();
    EXPECT_EQ(error.reason, reasons::kNotImplemented) << method->name();
    EXPECT_EQ(error.metadata.at("method"), method->name());
  }
}

TEST_F(CallTest, MalformedAndOversizedRequestsGetATypedError) {
  HoldGets();
  const WireError garbled = Decode(CallRaw(channel_, kGet, "\x0a\xff\xff"));
  EXPECT_EQ(garbled.code, grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(garbled.reason, reasons::kInvalidField);
  const WireError large = Decode(CallRaw(channel_, kGet, std::string(kRequestBytesMax + 1, 'x')));
  EXPECT_EQ(large.code, grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(large.message, HasSubstr("at most 1048576"));
  // Past gRPC's own bound its bytes are not even read, and the words are gRPC's.
  const WireError huge = Decode(CallRaw(channel_, kGet, std::string((4 << 20) + 1, 'x')));
  EXPECT_EQ(huge.code, grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(CallTest, PastTheLimitCallsAreTurnedAwayUntilOneHasEnded) {
  HoldGets();
  std::thread first([this] { EXPECT_TRUE(Decode(Get()).code == grpc::StatusCode::NOT_FOUND); });
  AwaitHeld(0);
  grpc::ClientContext context;
  v1::GetInstanceRequest request;
  request.set_instance_id(kId);
  v1::Instance reply;
  std::thread second([&] { EXPECT_TRUE(stub_->GetInstance(&context, request, &reply).ok()); });
  const CallPtr held = AwaitHeld(1);
  const WireError error = Decode(CallRaw(channel_, kGet, ""));
  EXPECT_EQ(error.code, grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(error.reason, reasons::kOverloaded);
  EXPECT_GT(error.retry_ms, 0);
  AwaitHeld(0)->Fail(Status(StatusCode::kNotFound, "no"));
  held->Succeed(v1::Instance());
  first.join();
  second.join();
}

TEST_F(CallTest, ACallerWhoLeavesEndsTheCallAndTheLateAnswerDoesNothing) {
  HoldGets();
  grpc::ClientContext context;
  std::thread caller([&] { EXPECT_EQ(Get(&context).error_code(), grpc::StatusCode::CANCELLED); });
  CallPtr call = AwaitHeld(0);
  context.TryCancel();
  caller.join();
  AwaitEnded(1);
  EXPECT_TRUE(call->ended());
  call->Succeed(v1::Instance());
  call->Fail(Status(StatusCode::kInternal, "late"));
  EXPECT_THAT(Ended(), ElementsAre("GetInstance CANCELLED"));
  // Its work still holds memory, so it still counts until the work lets go.
  EXPECT_EQ(room_.calls().in_flight(), 1);
  {
    MutexLock lock(mutex_);
    held_.clear();
  }
  call.reset();
}

TEST_F(CallTest, ADeadlineThatPassesEndsTheCallToo) {
  HoldGets();
  grpc::ClientContext context;
  context.set_deadline(
      gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(50, GPR_TIMESPAN)));
  EXPECT_EQ(Get(&context).error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  AwaitEnded(1);
  ASSERT_TRUE(AwaitHeld(0)->caller().time_left.has_value());
  EXPECT_LE(AwaitHeld(0)->caller().time_left->count(), 50);
}

TEST_F(CallTest, OfManyAnswersAtOnceExactlyOneArrives) {
  HoldGets();
  for (size_t round = 0; round < 50; ++round) {
    std::promise<grpc::Status> got;
    std::thread caller([&] { got.set_value(Get()); });
    const CallPtr call = AwaitHeld(round);
    std::vector<std::thread> racers;
    for (int i = 0; i < 4; ++i)
      racers.emplace_back([&call, i] {
        i % 2 == 0 ? call->Succeed(v1::Instance()) : call->Fail(Status(StatusCode::kAborted, "x"));
      });
    for (std::thread& racer : racers) racer.join();
    caller.join();
    const grpc::StatusCode code = got.get_future().get().error_code();
    EXPECT_TRUE(code == grpc::StatusCode::OK || code == grpc::StatusCode::ABORTED);
    EXPECT_EQ(Ended().size(), round + 1);
    MutexLock lock(mutex_);
    held_[round] = nullptr;
  }
}

TEST_F(CallTest, FaultsOfOursGoToTheLogAndNotToTheClient) {
  service_.Serve<v1::GetInstanceRequest>(
      "GetInstance", [](const auto&, RequestFaults, const CallPtr& call) {
        call->Fail(Status(StatusCode::kInternal, "SELECT * FROM instances"));
      });
  const WireError error = Decode(Get());
  EXPECT_EQ(error.reason, reasons::kInternalFault);
  EXPECT_THAT(error.message, Not(HasSubstr("SELECT")));
  const auto lines = log_.LinesWith("a call failed by a fault of the agent");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].fields.at("error"), "SELECT * FROM instances");
}

TEST_F(CallTest, AReplyThatIsTooLargeIsAnErrorAndNotACutConnection) {
  service_.Serve<v1::GetInstanceRequest>(
      "GetInstance", [](const auto&, RequestFaults, const CallPtr& call) {
        v1::Instance instance;
        instance.mutable_spec()->set_name(std::string(5 << 20, 'x'));
        call->Succeed(instance);
      });
  EXPECT_EQ(Decode(Get()).reason, reasons::kReplyTooLarge);
}

TEST_F(CallTest, EveryMutatingCallIsAuditedWithWhoAndWhat) {
  service_.Serve<v1::TerminateInstanceRequest>(
      "TerminateInstance", [](const auto&, RequestFaults, const CallPtr& call) {
        call->Fail(MakeError(StatusCode::kNotFound, reasons::kInstanceNotFound, "no such"));
      });
  grpc::ClientContext context;
  v1::TerminateInstanceRequest request;
  request.set_request_id("abc");
  request.set_instance_id(kId);
  stub_->TerminateInstance(&context, request, &reply_);
  const auto lines = log_.LinesWith("audit");
  ASSERT_EQ(lines.size(), 1U);
  const std::map<std::string, std::string> expected = {
      {"principal", "uid:7"}, {"method", "TerminateInstance"}, {"request_id", "abc"},
      {"target", kId},        {"code", "NOT_FOUND"},           {"reason", "INSTANCE_NOT_FOUND"}};
  EXPECT_EQ(lines[0].fields, expected);
}

TEST_F(CallTest, TheAuditNamesAnInstanceThatTheAgentHasNamed) {
  service_.Serve<v1::CreateInstanceRequest>("CreateInstance",
                                            [](const auto&, RequestFaults, const CallPtr& call) {
                                              v1::Instance instance;
                                              instance.set_instance_id(kId);
                                              call->Succeed(instance);
                                            });
  grpc::ClientContext context;
  EXPECT_TRUE(stub_->CreateInstance(&context, v1::CreateInstanceRequest(), &reply_).ok());
  EXPECT_EQ(log_.LinesWith("audit").at(0).fields.at("target"), kId);
}

TEST_F(CallTest, WaitingCallsEndWithTheAgentAndHaveAGateOfTheirOwn) {
  service_.ServeWait<v1::GetInstanceRequest>(
      "GetInstance", [this](const auto&, RequestFaults, const CallPtr& call) {
        call->MarkWaiting();
        MutexLock lock(mutex_);
        held_.push_back(call);
        changed_.NotifyAll();
      });
  std::promise<grpc::Status> got;
  std::thread caller([&] { got.set_value(Get()); });
  AwaitHeld(0);
  EXPECT_EQ(Decode(CallRaw(channel_, kGet, "")).reason, reasons::kOverloaded);
  EXPECT_EQ(room_.calls().in_flight(), 0);
  room_.Stop();
  caller.join();
  const WireError error = Decode(got.get_future().get());
  EXPECT_EQ(error.code, grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(error.reason, reasons::kAgentStopping);
  {
    MutexLock lock(mutex_);
    held_.clear();
  }
  EXPECT_EQ(Decode(Get()).reason, reasons::kAgentStopping);
  EXPECT_EQ(Decode(CallRaw(channel_, "/berth.v1.InstanceService/ListInstances", "")).reason,
            reasons::kAgentStopping);
}

TEST_F(CallTest, TheLargestErrorStillFitsIntoTheTrailingMetadata) {
  service_.Serve<v1::GetInstanceRequest>(
      "GetInstance", [](const auto&, RequestFaults, const CallPtr& call) {
        std::vector<FieldViolation> violations;
        for (int i = 0; i < 100; ++i)
          violations.push_back({"f" + std::to_string(i), std::string(2000, 'x') + "ä"});
        std::string message;
        for (int i = 0; i < 5000; ++i) message += "ä";
        call->Fail(MakeError(StatusCode::kInvalidArgument, message,
                             {.reason = reasons::kInvalidField, .violations = violations}));
      });
  const WireError error = Decode(Get());
  EXPECT_EQ(error.code, grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(error.reason, reasons::kInvalidField);
  EXPECT_FALSE(error.violations.empty());
}

}  // namespace
}  // namespace berth::api
