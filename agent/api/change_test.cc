// SPDX-License-Identifier: Apache-2.0
// Calls that change an instance, or end what goes on with it, over the socket.
#include <gmock/gmock.h>
#include <google/protobuf/util/time_util.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "agent/api/life_fixture.h"
#include "core/base/reasons.h"

namespace berth::api {
namespace {

using google::protobuf::util::TimeUtil;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

using OperationStub = v1::OperationService::Stub;

class ChangeTest : public LifeTest {
 protected:
  template <typename Stub, typename Request, typename Reply>
  WireError Call(Stub& stub,
                 grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Reply*),
                 const Request& request, Reply* reply) {
    grpc::ClientContext context;
    return Decode((stub.*method)(&context, request, reply));
  }
  WireError Resize(const v1::ResizeInstanceRequest& request, v1::Operation* operation) {
    return Call(*agent_.instances, &Stub::ResizeInstance, request, operation);
  }
  WireError Update(const v1::UpdateInstanceRequest& request, v1::Instance* instance) {
    return Call(*agent_.instances, &Stub::UpdateInstance, request, instance);
  }
  WireError Cancel(const std::string& id, v1::Operation* operation) {
    v1::CancelOperationRequest request;
    request.set_operation_id(id);
    return Call(*agent_.operations, &OperationStub::CancelOperation, request, operation);
  }
  v1::Operation WaitFor(const std::string& id) {
    v1::Instance of;
    of.mutable_status()->set_operation(id);
    return Wait(of);
  }
  // RUNNING.
  std::string Running() {
    const v1::Instance created = Create(Wish());
    Wait(created);
    return created.instance_id();
  }
  std::string Stopped() {
    std::string id = Running();
    Do(&Stub::StopInstance, v1::StopInstanceRequest(), id);
    return id;
  }
};

TEST_F(ChangeTest, AResizeIsAnOperationThatEndsWithTheInstance) {
  v1::ResizeInstanceRequest request;
  request.set_instance_id(Stopped());
  request.set_request_id("bigger");
  request.mutable_shape()->set_vcpus(2);
  request.mutable_shape()->set_memory_mib(768);
  v1::Operation begun;
  ASSERT_EQ(Resize(request, &begun).code, grpc::StatusCode::OK);
  EXPECT_EQ(begun.kind(), v1::Operation::KIND_RESIZE_INSTANCE);
  EXPECT_EQ(begun.target(), request.instance_id());
  EXPECT_TRUE(begun.cancellable());
  EXPECT_TRUE(begun.has_deadline_time());
  const v1::Operation ended = WaitFor(begun.operation_id());
  EXPECT_EQ(ended.state(), v1::Operation::STATE_SUCCEEDED);
  EXPECT_FALSE(ended.cancellable());
  EXPECT_EQ(ended.instance().status().resolved_shape().memory_mib(), 768);
  EXPECT_THAT(ended.instance().spec().instance_type(), IsEmpty());
  v1::Operation again;
  ASSERT_EQ(Resize(request, &again).code, grpc::StatusCode::OK);
  EXPECT_EQ(again.SerializeAsString(), begun.SerializeAsString()) << "the first reply";
}

TEST_F(ChangeTest, AResizeOfARunningInstanceNamesWhatWouldBeAllowed) {
  v1::ResizeInstanceRequest request;
  request.set_instance_id(Running());
  request.set_instance_type("m1.small");
  v1::Operation operation;
  const WireError error = Resize(request, &operation);
  EXPECT_EQ(error.code, grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(error.reason, reasons::kIncorrectInstanceState);
  EXPECT_EQ(error.metadata.at("state"), "RUNNING");
  EXPECT_EQ(error.metadata.at("allowed_states"), "STOPPED");
}

TEST_F(ChangeTest, FaultsOfAResizeCrossTheWireTogether) {
  v1::ResizeInstanceRequest request;
  request.set_instance_id("web");
  request.set_request_id("two words");
  v1::Operation operation;
  EXPECT_EQ(Resize(request, &operation).code, grpc::StatusCode::INVALID_ARGUMENT);
  request.set_instance_id(kId);
  request.set_request_id("");
  request.set_instance_type("m9.huge");
  EXPECT_THAT(FieldsOf(Resize(request, &operation)), ElementsAre("instance_type"));
}

TEST_F(ChangeTest, AnUpdateChangesWhatItsMaskNamesAndNothingElse) {
  v1::UpdateInstanceRequest request;
  request.set_instance_id(Running());
  const v1::Instance before = Get(request.instance_id());
  request.set_etag(before.etag());
  request.mutable_update_mask()->add_paths("tags");
  request.mutable_update_mask()->add_paths("termination_protection");
  request.mutable_spec()->set_name("not in the mask");
  request.mutable_spec()->set_termination_protection(true);
  (*request.mutable_spec()->mutable_tags())["tier"] = "gold";
  v1::Instance after;
  ASSERT_EQ(Update(request, &after).code, grpc::StatusCode::OK);
  EXPECT_EQ(after.spec().name(), "web");
  EXPECT_EQ(after.spec().tags().at("tier"), "gold");
  EXPECT_EQ(after.generation(), before.generation() + 1);
  EXPECT_EQ(after.status().observed_generation(), after.generation());
  EXPECT_EQ(Update(request, &after).reason, reasons::kEtagMismatch);

  v1::TerminateInstanceRequest terminate;
  terminate.set_instance_id(request.instance_id());
  v1::Instance reply;
  EXPECT_EQ(Call(*agent_.instances, &Stub::TerminateInstance, terminate, &reply).reason,
            reasons::kOperationNotPermitted);
}

// The operation that went on the first time has ended by the second.
TEST_F(ChangeTest, AnUpdateIsAnsweredAlikeAlsoAfterTheOperationBesideIt) {
  const std::string id = Running();
  agent_.host.SetPowerButton(id, PowerButton::kIgnored);
  v1::RebootInstanceRequest reboot;
  reboot.set_instance_id(id);
  reboot.mutable_timeout()->set_seconds(1);
  v1::Instance rebooting;
  ASSERT_EQ(Call(*agent_.instances, &Stub::RebootInstance, reboot, &rebooting).code,
            grpc::StatusCode::OK);
  v1::UpdateInstanceRequest request;
  request.set_instance_id(id);
  request.set_request_id("rename");
  request.mutable_update_mask()->add_paths("name");
  request.mutable_spec()->set_name("other");
  v1::Instance first, second;
  ASSERT_EQ(Update(request, &first).code, grpc::StatusCode::OK);
  EXPECT_NE(Get(id).status().operation(), "") << "it went on meanwhile";
  Wait(rebooting);
  ASSERT_EQ(Update(request, &second).code, grpc::StatusCode::OK);
  EXPECT_EQ(first.SerializeAsString(), second.SerializeAsString());
}

TEST_F(ChangeTest, AnUpdateOfWhatIsFixedSaysWhatCanBeChanged) {
  v1::UpdateInstanceRequest request;
  request.set_instance_id(kId);
  v1::Instance reply;
  EXPECT_THAT(FieldsOf(Update(request, &reply)), ElementsAre("update_mask"));
  request.mutable_update_mask()->add_paths("shape.vcpus");
  const WireError error = Update(request, &reply);
  EXPECT_THAT(FieldsOf(error), ElementsAre("update_mask"));
  request.mutable_update_mask()->set_paths(0, "name");
  request.mutable_spec()->set_name("<>&");
  EXPECT_THAT(FieldsOf(Update(request, &reply)), UnorderedElementsAre("spec.name"));
  request.mutable_spec()->set_name("web");
  EXPECT_EQ(Update(request, &reply).reason, reasons::kInstanceNotFound);
}

TEST_F(ChangeTest, ADiagnosticInterruptReachesTheGuestOnceForARequestId) {
  v1::SendDiagnosticInterruptRequest request;
  request.set_instance_id(Running());
  request.set_request_id("dump");
  v1::Instance reply;
  for (int i = 0; i < 2; ++i)
    ASSERT_EQ(Call(*agent_.instances, &Stub::SendDiagnosticInterrupt, request, &reply).code,
              grpc::StatusCode::OK);
  EXPECT_EQ(agent_.host.Guests().at(request.instance_id()).nmis, 1);
  EXPECT_EQ(reply.status().state(), v1::INSTANCE_STATE_RUNNING);
}

TEST_F(ChangeTest, ACancelledLaunchIsTakenBack) {
  agent_.storage.SetDelay(StorageCall::kCreateRootDisk, std::chrono::milliseconds(100));
  const v1::Instance created = Create(Wish());
  v1::Operation reply;
  ASSERT_EQ(Cancel(created.status().operation(), &reply).code, grpc::StatusCode::OK);
  EXPECT_EQ(reply.state(), v1::Operation::STATE_UNDOING);
  const v1::Operation ended = WaitFor(created.status().operation());
  EXPECT_EQ(ended.state(), v1::Operation::STATE_CANCELLED);
  EXPECT_EQ(Get(created.instance_id()).status().state(), v1::INSTANCE_STATE_TERMINATED);
  EXPECT_TRUE(agent_.host.Guests().empty());
  ASSERT_EQ(Cancel(created.status().operation(), &reply).code, grpc::StatusCode::OK)
      << "ended already: as it is";
  EXPECT_EQ(Cancel("op-0123456789abcdef0", &reply).reason, reasons::kOperationNotFound);
}

TEST_F(ChangeTest, OperationsAreListedNewestFirstAndFiltered) {
  const std::string first = Stopped();
  Running();
  // Begun in the same millisecond, operations have no order among each other; hence by time here,
  // and the kinds in any order. (node/verbs_test.cc has the order on a clock of its own.)
  const auto kinds = [&](const v1::ListOperationsRequest& request) {
    v1::ListOperationsResponse reply;
    EXPECT_EQ(Call(*agent_.operations, &OperationStub::ListOperations, request, &reply).code,
              grpc::StatusCode::OK);
    EXPECT_TRUE(std::is_sorted(reply.operations().rbegin(), reply.operations().rend(),
                               [](const v1::Operation& a, const v1::Operation& b) {
                                 return TimeUtil::TimestampToMicroseconds(a.create_time()) <
                                        TimeUtil::TimestampToMicroseconds(b.create_time());
                               }));
    std::vector<int> found;
    for (const v1::Operation& operation : reply.operations()) found.push_back(operation.kind());
    return found;
  };
  v1::ListOperationsRequest request;
  EXPECT_THAT(kinds(request), UnorderedElementsAre(v1::Operation::KIND_CREATE_INSTANCE,
                                                   v1::Operation::KIND_CREATE_INSTANCE,
                                                   v1::Operation::KIND_STOP_INSTANCE));
  request.set_target(first);
  EXPECT_THAT(kinds(request), UnorderedElementsAre(v1::Operation::KIND_CREATE_INSTANCE,
                                                   v1::Operation::KIND_STOP_INSTANCE));
  request.add_states(v1::Operation::STATE_FAILED);
  EXPECT_THAT(kinds(request), IsEmpty());
}

}  // namespace
}  // namespace berth::api
