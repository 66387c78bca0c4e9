// SPDX-License-Identifier: Apache-2.0
// Instances over the socket, as a client lives them: one call after the other, against the fakes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <set>
#include <thread>

#include "agent/api/life_fixture.h"
#include "core/base/reasons.h"

namespace berth::api {
namespace {

using testing::IsEmpty;
using testing::UnorderedElementsAre;

TEST_F(LifeTest, AnInstanceLivesFromCreateToTerminate) {
  const v1::Instance created = Create(Wish("first"));
  const std::string& id = created.instance_id();
  EXPECT_EQ(created.status().state(), v1::INSTANCE_STATE_PENDING);
  EXPECT_EQ(created.spec().tenant_id(), "default");
  EXPECT_THAT(created.spec().seed().user_data(), IsEmpty());
  EXPECT_EQ(created.status().user_data_sha256(),
            "a8076d3d28d21e02012b20eaf7dbf75409a6277134439025f282e368e3305abf");
  EXPECT_EQ(created.status().resolved_shape().memory_mib(), 512);
  const v1::Operation launch = Wait(created);
  EXPECT_EQ(launch.state(), v1::Operation::STATE_SUCCEEDED);
  EXPECT_EQ(launch.kind(), v1::Operation::KIND_CREATE_INSTANCE);
  EXPECT_EQ(launch.instance().status().state(), v1::INSTANCE_STATE_RUNNING);
  EXPECT_EQ(launch.principal(), "uid:" + std::to_string(getuid()));
  EXPECT_EQ(launch.request_id(), "first");
  EXPECT_THAT(Get(id).status().operation(), IsEmpty());

  Do(&Stub::RebootInstance, v1::RebootInstanceRequest(), id);
  EXPECT_EQ(Get(id).status().state(), v1::INSTANCE_STATE_RUNNING);
  Do(&Stub::StopInstance, v1::StopInstanceRequest(), id);
  EXPECT_EQ(Get(id).status().state(), v1::INSTANCE_STATE_STOPPED);
  EXPECT_EQ(Get(id).status().state_reason().code(), "Client.UserInitiatedShutdown");
  EXPECT_FALSE(Get(id).status().has_guest());
  Do(&Stub::StartInstance, v1::StartInstanceRequest(), id);
  EXPECT_EQ(Get(id).status().guest().domain_name(), id);
  Do(&Stub::TerminateInstance, v1::TerminateInstanceRequest(), id);
  EXPECT_EQ(Get(id).status().state(), v1::INSTANCE_STATE_TERMINATED);
  EXPECT_TRUE(Get(id).has_terminate_time());
  EXPECT_TRUE(agent_.host.Guests().empty());
}

TEST_F(LifeTest, AnInstanceShowsItsRevisionItsClaimAndItsProcess) {
  const v1::Instance created = Create(Wish());
  EXPECT_GT(created.revision(), 0);
  EXPECT_EQ(created.status().state_time().seconds(), created.create_time().seconds());
  EXPECT_GT(created.status().placement().overhead_mib(), 0);
  EXPECT_GT(created.status().placement().disk_mib(), 0);
  EXPECT_FALSE(created.status().has_guest());
  Wait(created);
  const std::string& id = created.instance_id();
  EXPECT_GT(Get(id).status().guest().pid(), 0);
  EXPECT_GT(Get(id).revision(), created.revision());

  Do(&Stub::StopInstance, v1::StopInstanceRequest(), id);
  EXPECT_EQ(Get(id).status().placement().overhead_mib(), 0) << "no guest, no hypervisor's share";
  EXPECT_EQ(Get(id).status().placement().disk_mib(), created.status().placement().disk_mib());
  Do(&Stub::StartInstance, v1::StartInstanceRequest(), id);
  EXPECT_EQ(Get(id).status().placement().overhead_mib(),
            created.status().placement().overhead_mib());
  Do(&Stub::TerminateInstance, v1::TerminateInstanceRequest(), id);
  EXPECT_FALSE(Get(id).status().has_placement());
}

TEST_F(LifeTest, ARepeatedCreateGivesTheFirstReplyAndOtherParametersAreAMismatch) {
  const v1::Instance first = Create(Wish("once"));
  Wait(first);
  v1::CreateInstanceRequest successor = Wish("once");
  successor.set_control_epoch(3);  // The same wish, repeated by the next control plane.
  EXPECT_EQ(Create(successor).SerializeAsString(), first.SerializeAsString());
  v1::CreateInstanceRequest other = Wish("once");
  other.mutable_spec()->set_name("other");
  const WireError error = CreateError(other);
  EXPECT_EQ(error.code, grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(error.reason, reasons::kIdempotentParameterMismatch);
  EXPECT_EQ(agent_.host.Guests().size(), 1U);
}

TEST_F(LifeTest, EightCreatesAtOnceAllRun) {
  std::vector<std::thread> callers;
  std::vector<v1::Instance> created(8);
  for (v1::Instance& instance : created)
    callers.emplace_back([this, &instance] {
      instance = Create(Wish());
      EXPECT_EQ(Wait(instance).state(), v1::Operation::STATE_SUCCEEDED);
    });
  for (std::thread& caller : callers) caller.join();
  std::set<std::string> ids;
  for (const v1::Instance& instance : created) ids.insert(instance.instance_id());
  EXPECT_EQ(ids.size(), 8U);
}

TEST_F(LifeTest, AFailedLaunchIsAnOperationWithItsError) {
  agent_.storage.FailAlways(
      StorageCall::kCreateRootDisk,
      {.error = MakeError(StatusCode::kResourceExhausted, reasons::kStorageFull, "no space left")});
  const v1::Operation operation = Wait(Create(Wish()));
  EXPECT_EQ(operation.state(), v1::Operation::STATE_FAILED);
  EXPECT_EQ(operation.error().code(), static_cast<int>(StatusCode::kResourceExhausted));
  EXPECT_EQ(Decode(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "",
                                operation.error().SerializeAsString()))
                .reason,
            reasons::kStorageFull);
  EXPECT_EQ(Get(operation.target()).status().state(), v1::INSTANCE_STATE_TERMINATED);
}

TEST_F(LifeTest, NoCapacitySaysWhatIsShort) {
  v1::CreateInstanceRequest request = Wish();
  request.mutable_spec()->clear_instance_type();
  request.mutable_spec()->mutable_shape()->set_vcpus(1);
  request.mutable_spec()->mutable_shape()->set_memory_mib(1 << 20);
  const WireError error = CreateError(request);
  EXPECT_EQ(error.code, grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(error.reason, reasons::kInsufficientCapacity);
  EXPECT_TRUE(error.metadata.contains("memory_mib_wanted"));
  EXPECT_TRUE(error.metadata.contains("memory_mib_free"));
}

TEST_F(LifeTest, FaultsOfARequestCrossTheWireTogether) {
  v1::CreateInstanceRequest request = Wish("two words");
  request.mutable_spec()->set_name("<>&\"'/..");
  request.mutable_spec()->set_instance_type("m9.huge");
  request.mutable_spec()->mutable_boot()->mutable_disk()->set_image("../../etc/shadow");
  const WireError error = CreateError(request);
  EXPECT_EQ(error.code, grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(FieldsOf(error), UnorderedElementsAre("request_id", "spec.name", "spec.instance_type",
                                                    "spec.boot.disk.image"));
  v1::CreateInstanceRequest unknown = Wish();
  unknown.GetReflection()->MutableUnknownFields(&unknown)->AddVarint(500, 1);
  EXPECT_EQ(CreateError(unknown).reason, reasons::kUnknownField);
  EXPECT_TRUE(agent_.host.Guests().empty());
}

TEST_F(LifeTest, ValidateOnlyKeepsNothing) {
  v1::CreateInstanceRequest request = Wish("dry");
  request.set_validate_only(true);
  const v1::Instance shown = Create(request);
  EXPECT_THAT(shown.instance_id(), IsEmpty());
  EXPECT_THAT(shown.status().operation(), IsEmpty());
  EXPECT_FALSE(shown.has_create_time());
  EXPECT_EQ(agent_.file.commit_count(), 0);
}

TEST_F(LifeTest, UnknownInstancesAndOperationsAreNamedResources) {
  grpc::ClientContext context;
  v1::GetInstanceRequest request;
  request.set_instance_id(kId);
  v1::Instance reply;
  const WireError instance = Decode(agent_.instances->GetInstance(&context, request, &reply));
  EXPECT_EQ(instance.reason, reasons::kInstanceNotFound);
  EXPECT_EQ(instance.resource, std::string("berth.v1.Instance ") + kId);
  grpc::ClientContext other;
  v1::GetOperationRequest get;
  get.set_operation_id("op-0123456789abcdef0");
  v1::Operation operation;
  const WireError missing = Decode(agent_.operations->GetOperation(&other, get, &operation));
  EXPECT_EQ(missing.reason, reasons::kOperationNotFound);
}

TEST_F(LifeTest, TheConsoleIsCutToWhatWasAskedFor) {
  const v1::Instance instance = Create(Wish());
  Wait(instance);
  agent_.storage.AppendConsole(instance.instance_id(), "0123456789");
  const auto read = [&](int bytes) {
    grpc::ClientContext context;
    v1::GetConsoleOutputRequest request;
    request.set_instance_id(instance.instance_id());
    request.set_max_bytes(bytes);
    v1::GetConsoleOutputResponse reply;
    EXPECT_TRUE(agent_.instances->GetConsoleOutput(&context, request, &reply).ok());
    return reply;
  };
  EXPECT_EQ(read(4).output(), "6789");
  EXPECT_TRUE(read(4).truncated());
  EXPECT_EQ(read(10).output(), "0123456789");
  EXPECT_FALSE(read(10).truncated());
}

TEST_F(LifeTest, PagesThatWouldNotFitIntoAMessageAreCutSmaller) {
  v1::CreateInstanceRequest request = Wish();
  for (int i = 0; i < 64; ++i)
    request.mutable_spec()->mutable_seed()->add_ssh_authorized_keys(
        "ssh-rsa " + std::string(8000, static_cast<char>('a' + i % 26)));
  for (int i = 0; i < 12; ++i) Wait(Create(request));
  std::set<std::string> seen;
  v1::ListInstancesRequest list;
  int pages = 0;
  do {
    grpc::ClientContext context;
    v1::ListInstancesResponse reply;
    const grpc::Status status = agent_.instances->ListInstances(&context, list, &reply);
    ASSERT_TRUE(status.ok()) << status.error_message();
    for (const v1::Instance& instance : reply.instances()) seen.insert(instance.instance_id());
    list.set_page_token(reply.next_page_token());
    ++pages;
  } while (!list.page_token().empty());
  EXPECT_EQ(seen.size(), 12U);
  EXPECT_GT(pages, 1);
}

TEST_F(LifeTest, ListsFilterByState) {
  Wait(Create(Wish()));
  const auto count = [&](v1::InstanceState state) {
    grpc::ClientContext context;
    v1::ListInstancesRequest request;
    request.add_states(state);
    v1::ListInstancesResponse reply;
    EXPECT_TRUE(agent_.instances->ListInstances(&context, request, &reply).ok());
    return reply.instances_size();
  };
  EXPECT_EQ(count(v1::INSTANCE_STATE_RUNNING), 1);
  EXPECT_EQ(count(v1::INSTANCE_STATE_STOPPED), 0);
}

TEST_F(LifeTest, AnOldEtagAndAnOldEpochAreRefused) {
  v1::CreateInstanceRequest create = Wish();
  create.set_control_epoch(5);
  const v1::Instance instance = Create(create);
  Wait(instance);
  grpc::ClientContext context;
  v1::StopInstanceRequest stop;
  stop.set_instance_id(instance.instance_id());
  stop.set_etag(instance.etag());  // Of PENDING.
  v1::Instance reply;
  EXPECT_EQ(Decode(agent_.instances->StopInstance(&context, stop, &reply)).reason,
            reasons::kEtagMismatch);
  grpc::ClientContext again;
  stop.set_etag(Get(instance.instance_id()).etag());
  stop.set_control_epoch(4);
  EXPECT_EQ(Decode(agent_.instances->StopInstance(&again, stop, &reply)).reason,
            reasons::kStaleEpoch);
}

TEST_F(LifeTest, AWaitEndsInTimeForItsCallersDeadline) {
  agent_.storage.SetDelay(StorageCall::kCreateRootDisk, std::chrono::hours(1));
  const v1::Instance instance = Create(Wish());
  grpc::ClientContext context;
  context.set_deadline(
      gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(1000, GPR_TIMESPAN)));
  v1::WaitOperationRequest request;
  request.set_operation_id(instance.status().operation());
  v1::Operation reply;
  const grpc::Status status = agent_.operations->WaitOperation(&context, request, &reply);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_FALSE(reply.done());
  EXPECT_EQ(reply.phase(), "create_disk");
}

TEST_F(LifeTest, TheNodeShowsWhatItHasAndWhatIsTaken) {
  Wait(Create(Wish()));
  grpc::ClientContext context;
  v1::Node node;
  ASSERT_TRUE(agent_.nodes->GetNode(&context, v1::GetNodeRequest(), &node).ok());
  EXPECT_EQ(node.hostname(), "host-1");
  EXPECT_EQ(node.version(), "1.2.3");
  EXPECT_EQ(node.labels().at("rack"), "r7");
  EXPECT_EQ(node.capacity().cpus(), 66);
  EXPECT_EQ(node.reserved().cpus(), 2);
  EXPECT_EQ(node.allocatable().shared_vcpus(), 128);
  EXPECT_EQ(node.allocated().shared_vcpus(), 1);
  EXPECT_GE(node.allocated().memory_mib(), 512);
  EXPECT_EQ(node.topology().online_cpus(), "0-65");
  EXPECT_TRUE(node.topology().smt_active());
  EXPECT_EQ(node.topology().numa_nodes(0).cores(0).cpus(), "0,2");
  EXPECT_EQ(node.conditions(0).type(), "Ready");
  EXPECT_EQ(node.hypervisor().accelerator(), v1::ACCELERATOR_TCG);
  ASSERT_EQ(node.instance_counts_size(), 1);
  EXPECT_EQ(node.instance_counts(0).state(), v1::INSTANCE_STATE_RUNNING);
}

TEST_F(LifeTest, TheCatalogueListsItsTypesByFamily) {
  const auto names = [&](const std::string& family) {
    grpc::ClientContext context;
    v1::ListInstanceTypesRequest request;
    request.set_family(family);
    v1::ListInstanceTypesResponse reply;
    EXPECT_TRUE(agent_.nodes->ListInstanceTypes(&context, request, &reply).ok());
    return reply.instance_types_size();
  };
  EXPECT_EQ(names(""), 1);
  EXPECT_EQ(names("general"), 1);
  EXPECT_EQ(names("gpu"), 0);
}

}  // namespace
}  // namespace berth::api
