// SPDX-License-Identifier: Apache-2.0
#include "agent/node/admission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/node/book.h"
#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth::node {
namespace {

using ::testing::HasSubstr;

constexpr char kId[] = "i-0000000000000000a";
const WallTime kNow{std::chrono::days(20000)};
const ForeignPtr kNoForeign = std::make_shared<const ForeignHoldings>();
const AdmissionIds kIds{"op-1", "c-run", "c-disk"};

// 8 CPUs for shared vCPUs, 8 GiB, 100,000 MiB of disk.
Book SmallBook() {
  model::NumaNode node{.memory_mib = 8192};
  model::Capacity capacity{.total = {.vcpus = 8, .memory_mib = 8192, .disk_mib = 100000}};
  for (int cpu = 0; cpu < 8; ++cpu) {
    node.cores.push_back({{cpu}});
    capacity.shared_cpus.Add(cpu);
  }
  return Book({{node}}, capacity);
}

StatusOr<Admission> AdmitTo(const model::NodeView& view, const AdmissionRequest& request) {
  Book book = SmallBook();
  return Admit(view, book.RoomAt(view, kNoForeign, {}), request, kIds, kNow);
}

AdmissionRequest Request() {
  AdmissionRequest request;
  request.instance_id = kId;
  request.spec.shape = {.vcpus = 2, .memory_mib = 1024};
  request.spec.boot.image = "base.qcow2";
  request.spec.root_disk_mib = 4096;
  request.emulated = false;
  return request;
}

TEST(AdmissionTest, WritesRecordOperationAndBothClaims) {
  const auto admission = AdmitTo({}, Request());
  ASSERT_TRUE(admission.ok()) << admission.status();
  EXPECT_EQ(admission->record.id, kId);
  EXPECT_EQ(admission->record.state, model::InstanceState::kPending);
  EXPECT_EQ(admission->record.intent, model::Intent::kRunning);
  EXPECT_EQ(admission->record.generation, 1);
  EXPECT_EQ(admission->record.operation_id, "op-1");
  EXPECT_EQ(admission->record.run_claim_id, "c-run");
  EXPECT_EQ(admission->record.disk_claim_id, "c-disk");
  EXPECT_EQ(admission->record.created, kNow);
  EXPECT_EQ(admission->operation.target, kId);
  EXPECT_EQ(admission->operation.kind, model::OperationKind::kCreate);
  EXPECT_EQ(admission->run_claim.owner_id, kId);
  EXPECT_EQ(admission->run_claim.held.vcpus, 2);
  EXPECT_EQ(admission->run_claim.held.memory_mib, 1024 + admission->run_claim.overhead_mib);
  EXPECT_GT(admission->run_claim.overhead_mib, 0);
  ASSERT_EQ(admission->run_claim.placement.cells.size(), 1U);
  EXPECT_EQ(admission->run_claim.placement, admission->record.placement);
  EXPECT_EQ(admission->disk_claim.held.disk_mib, scheduler::DiskMib(4096));
  EXPECT_EQ(admission->disk_claim.held.memory_mib, 0);
}

TEST(AdmissionTest, EmulationAndDirectBootAreChargedMore) {
  AdmissionRequest request = Request();
  const int64_t plain = AdmitTo({}, request)->run_claim.overhead_mib;
  request.spec.boot.kernel = "vmlinuz";
  const int64_t direct = AdmitTo({}, request)->run_claim.overhead_mib;
  request.emulated = true;
  const int64_t emulated = AdmitTo({}, request)->run_claim.overhead_mib;
  EXPECT_LT(plain, direct);
  EXPECT_LT(direct, emulated);
}

TEST(AdmissionTest, AnIdIsNeverUsedAgainNotEvenATerminatedOnes) {
  for (const auto state : {model::InstanceState::kRunning, model::InstanceState::kTerminated}) {
    model::NodeView view;
    auto record = std::make_shared<model::InstanceRecord>();
    record->id = kId;
    record->state = state;
    view.instances.Put(kId, record);
    const Status status = AdmitTo(view, Request()).status();
    EXPECT_EQ(status.code(), StatusCode::kAlreadyExists);
    EXPECT_EQ(ReasonOf(status), reasons::kInstanceExists);
    EXPECT_EQ(DetailsOf(status).metadata["instance_id"], kId);
  }
}

TEST(AdmissionTest, AnErasedInstancesIdIsNotUsedAgainEither) {
  AdmissionRequest request = Request();
  request.id_was_used = true;
  EXPECT_EQ(ReasonOf(AdmitTo({}, request).status()), reasons::kInstanceExists);
}

TEST(AdmissionTest, ACordonedNodeTakesNothing) {
  model::NodeView view;
  view.cordoned = true;
  const Status status = AdmitTo(view, Request()).status();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), reasons::kNodeCordoned);
}

TEST(AdmissionTest, NoRoomNamesWhatIsShort) {
  model::NodeView view;
  view.claims.Put(
      "c-9", std::make_shared<const model::Claim>(model::Claim{.id = "c-9", .held = {.vcpus = 7}}));
  const Status status = AdmitTo(view, Request()).status();
  EXPECT_EQ(ReasonOf(status), reasons::kInsufficientCapacity);
  EXPECT_THAT(std::string(status.message()), HasSubstr("short of vCPUs by 1: 2 wanted, 1 free"));
}

TEST(AdmissionTest, AnotherStartIsChargedAsTheFirstButNotForItsDisk) {
  const auto admission = AdmitTo({}, Request());
  model::NodeView full_disk;
  full_disk.allocated.disk_mib = 100000;
  Book book = SmallBook();
  const auto claim =
      ClaimForRun(book.RoomAt(full_disk, kNoForeign, {}), admission->record, false, "c-2", kNow);
  ASSERT_TRUE(claim.ok()) << claim.status();
  EXPECT_EQ(claim->held, admission->run_claim.held);
  EXPECT_EQ(claim->owner_id, kId);
  EXPECT_EQ(claim->placement, admission->run_claim.placement);
}

}  // namespace
}  // namespace berth::node
