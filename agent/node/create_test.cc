// SPDX-License-Identifier: Apache-2.0
// CreateInstance from the call to the running guest, and every way in which it is refused: with the
// field or resource named, and nothing left behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/node/node_harness.h"
#include "core/base/error.h"
#include "core/base/reasons.h"
#include "scheduler/overhead.h"

namespace berth::node {
namespace {

using ::testing::HasSubstr;

class CreateTest : public ::testing::Test {
 protected:
  void ExpectNothingHappened() {
    world.ExpectNothingLeft();
    EXPECT_TRUE(world.ledger().instances.empty());
    EXPECT_EQ(world.file.request_count(), 0u);
  }
  void SmallImages() {
    world.storage.AddImage("base.qcow2", {.format = "qcow2", .virtual_bytes = (700 << 20) + 1});
  }

  World world;
};

TEST_F(CreateTest, AnswersPendingAndThenTheGuestRuns) {
  const auto answer = world.Create(SmallInstance(kIdA));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->id, kIdA);
  EXPECT_EQ(answer->state, model::InstanceState::kPending);
  EXPECT_FALSE(answer->operation_id.empty());

  world.RunFor(std::chrono::seconds(1));
  EXPECT_EQ(world.StateOf(kIdA), "RUNNING");
  EXPECT_EQ(world.PowerOf(kIdA), Power::kRunning);
  EXPECT_TRUE(world.storage.HasRootDisk(kIdA));
  EXPECT_TRUE(world.storage.HasSeed(kIdA));
  EXPECT_EQ(world.ledger().operations.Find(answer->operation_id)->state,
            model::OperationState::kSucceeded);
  EXPECT_EQ(world.ledger().allocated.vcpus, 1);
  EXPECT_EQ(world.ledger().allocated.disk_mib, scheduler::DiskMib(1024));
  world.ExpectConsistent();
}

TEST_F(CreateTest, MakesAnIdWhereNoneIsGiven) {
  const auto first = world.Create(SmallInstance());
  const auto second = world.Create(SmallInstance());
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_NE(first->id, second->id);
}

TEST_F(CreateTest, AnswersBeforeTheWorkIsDone) {
  world.storage.SetDelay(StorageCall::kCreateRootDisk, std::chrono::hours(1));
  ASSERT_TRUE(world.Create(SmallInstance(kIdA)).ok());
  EXPECT_EQ(world.StateOf(kIdA), "PENDING");
}

TEST_F(CreateTest, TheRootDiskIsAsLargeAsTheImageWhereNobodySaysMore) {
  SmallImages();
  CreateInstanceArgs args = SmallInstance(kIdA);
  args.spec.root_disk_mib = 0;
  EXPECT_EQ(world.Create(args)->spec.root_disk_mib, 701) << "rounded up to whole MiB";
  args.instance_id = kIdB;
  args.spec.shape = {};
  args.spec.instance_type = "m1.small";
  const auto typed = world.Create(args);
  EXPECT_EQ(typed->spec.root_disk_mib, 2048) << "the type's";
  EXPECT_EQ(typed->spec.shape.memory_mib, 512);
}

TEST_F(CreateTest, BadInputIsRefusedWithEveryFieldAndNothingIsLeft) {
  CreateInstanceArgs args = SmallInstance("i-nonsense");
  args.spec.name = std::string(1 << 20, 'n');
  args.spec.shape = {.vcpus = 0, .memory_mib = int64_t{1} << 60};
  args.spec.boot.image = "../<x>&\"'.qcow2";
  args.spec.first_boot.user_data = std::string(16385, 'u');
  const auto refused = world.Create(args, Call("r-1"));
  EXPECT_EQ(refused.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(DetailsOf(refused.status()).violations.size(), 6u) << refused.status();
  ExpectNothingHappened();
}

TEST_F(CreateTest, AnUnknownTypeIsRefusedByTheNamesOfKnownOnes) {
  CreateInstanceArgs args = SmallInstance();
  args.spec.shape = {};
  args.spec.instance_type = "m1.smal";
  const auto refused = world.Create(args, Call("r-1"));
  EXPECT_EQ(refused.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("m1.small"));
  ExpectNothingHappened();
}

TEST_F(CreateTest, ACpuThatTheHypervisorCannotShowIsRefusedByItsField) {
  CreateInstanceArgs args = SmallInstance(kIdA);
  args.spec.platform = {model::CpuModelPolicy::kNamed, "Nehalem-v1"};
  const auto unknown = world.Create(args);
  ASSERT_EQ(DetailsOf(unknown.status()).violations.size(), 1u) << unknown.status();
  EXPECT_EQ(DetailsOf(unknown.status()).violations.front().field, "spec.platform.cpu_model");
  args.spec.platform = {model::CpuModelPolicy::kHostPassthrough, ""};
  EXPECT_EQ(DetailsOf(world.Create(args).status()).violations.front().field,
            "spec.platform.cpu_model_policy")
      << "it emulates";
  ExpectNothingHappened();
  args.spec.platform = {model::CpuModelPolicy::kNamed, "Nehalem"};
  EXPECT_TRUE(world.Create(args).ok());
}

TEST_F(CreateTest, AMissingImageIsRefusedByItsField) {
  world.storage.FailNext(
      StorageCall::kCheckBoot,
      {.error = MakeError(StatusCode::kNotFound, "spec.boot.disk.image: there is no such file",
                          {.reason = reasons::kImageNotFound,
                           .violations = {{"spec.boot.disk.image", "there is no such file"}}})});
  const auto refused = world.Create(SmallInstance(), Call("r-1"));
  EXPECT_EQ(refused.status().code(), StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(refused.status()), reasons::kImageNotFound);
  EXPECT_EQ(DetailsOf(refused.status()).violations.at(0).field, "spec.boot.disk.image");
  ExpectNothingHappened();
}

TEST_F(CreateTest, NoRoomNamesTheShortResourceAndLeavesNothing) {
  CreateInstanceArgs args = SmallInstance();
  args.spec.shape.memory_mib = 20480;
  const auto refused = world.Create(args, Call("r-1"));
  EXPECT_EQ(refused.status().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(refused.status()), reasons::kInsufficientCapacity);
  auto metadata = DetailsOf(refused.status()).metadata;
  EXPECT_EQ(metadata["memory_mib_free"], "10240");
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("short of memory by"));
  ExpectNothingHappened();
}

// 64 callers, room for 40.
TEST_F(CreateTest, OfManyAtOnceExactlyThoseThatFitAreTaken) {
  world.GiveHost(41, 1 << 20);
  world.Restart();
  int taken = 0;
  int refused = 0;
  for (int i = 0; i < 64; ++i) {
    CallContext call = Call("r-" + std::to_string(i));
    call.method = "CreateInstance";
    world.node().CreateInstance(call, SmallInstance(), [&](StatusOr<model::InstanceRecord> answer) {
      if (answer.ok()) return void(++taken);
      ++refused;
      EXPECT_EQ(ReasonOf(answer.status()), reasons::kInsufficientCapacity);
    });
  }
  world.RunFor(std::chrono::seconds(5));
  EXPECT_EQ(taken, 40);
  EXPECT_EQ(refused, 24);
  EXPECT_EQ(world.ledger().instances.size(), 40u);
  EXPECT_EQ(world.ledger().claims.size(), 80u);
  EXPECT_EQ(world.ledger().allocated.vcpus, 40);
  EXPECT_EQ(world.host.Guests().size(), 40u);
  world.ExpectConsistent();
}

TEST_F(CreateTest, WithTheHypervisorAwayItSaysWhenToTryAgain) {
  world.agent->hypervisor.SetDaemonUp(false);
  const auto refused = world.Create(SmallInstance(), Call("r-1"));
  EXPECT_EQ(refused.status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(refused.status()), reasons::kHypervisorUnavailable);
  EXPECT_TRUE(DetailsOf(refused.status()).retry_after.has_value());
  ExpectNothingHappened();
  world.agent->hypervisor.SetDaemonUp(true);
  EXPECT_TRUE(world.Create(SmallInstance(), Call("r-1")).ok()) << "a refusal is not remembered";
}

TEST_F(CreateTest, ATakenIdIsRefusedAlsoOfATerminatedAndOfAnErasedInstance) {
  const auto refused = [&] { return ReasonOf(world.Create(SmallInstance(kIdA)).status()); };
  ASSERT_TRUE(world.Create(SmallInstance(kIdA)).ok());
  EXPECT_EQ(refused(), reasons::kInstanceExists);
  ASSERT_TRUE(world.Terminate(kIdA).ok());
  world.RunFor(std::chrono::seconds(5));
  EXPECT_EQ(world.StateOf(kIdA), "TERMINATED");
  EXPECT_EQ(refused(), reasons::kInstanceExists);
  world.RunFor(std::chrono::hours(2));
  EXPECT_EQ(world.StateOf(kIdA), "");
  EXPECT_EQ(refused(), reasons::kInstanceExists);
}

TEST_F(CreateTest, ACordonedNodeRefuses) {
  world.Write([](LedgerTxn& txn) {
    txn.SetCordoned(true);
    return OkStatus();
  });
  EXPECT_EQ(ReasonOf(world.Create(SmallInstance()).status()), reasons::kNodeCordoned);
  ExpectNothingHappened();
}

TEST_F(CreateTest, WhatIsOnlyCheckedWritesNothing) {
  CreateInstanceArgs args = SmallInstance();
  args.validate_only = true;
  const int64_t revision = world.ledger().revision;
  CallContext call = Call("r-1");
  call.control_epoch = 7;
  const auto answer = world.Create(args, call);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->id, "");
  EXPECT_EQ(answer->spec, args.spec);
  EXPECT_EQ(answer->created, WallTime{});
  EXPECT_EQ(answer->operation_id + answer->run_claim_id + answer->disk_claim_id, "");
  EXPECT_EQ(world.ledger().revision, revision);
  ExpectNothingHappened();

  args.spec.shape.vcpus = 64;
  EXPECT_EQ(ReasonOf(world.Create(args).status()), reasons::kInsufficientCapacity);
  EXPECT_TRUE(world.Create(SmallInstance(), Call("r-1")).ok()) << "the request id was not used";
}

TEST_F(CreateTest, AFullLedgerDiskRefusesAndLeavesNothing) {
  world.file.FailNextCommit(CommitFault::kFull);
  EXPECT_EQ(ReasonOf(world.Create(SmallInstance(), Call("r-1")).status()), reasons::kStorageFull);
  world.RunFor(std::chrono::seconds(5));
  ExpectNothingHappened();
}

TEST_F(CreateTest, AStepThatFailsForGoodEndsTerminatedWithItsReasonAndLeavesNothing) {
  world.storage.FailAlways(StorageCall::kCreateRootDisk,
                           {.error = MakeError(StatusCode::kResourceExhausted,
                                               reasons::kStorageFull, "no space left on device"),
                            .takes_effect = true});
  ASSERT_TRUE(world.Create(SmallInstance(kIdA)).ok());
  world.RunFor(std::chrono::minutes(2));
  EXPECT_EQ(world.StateOf(kIdA), "TERMINATED");
  const auto record = world.ledger().instances.Find(kIdA);
  EXPECT_EQ(record->state_reason.code, "Server.StorageFull");
  EXPECT_THAT(record->state_reason.message, HasSubstr("no space left on device"));
  world.ExpectNothingLeft();
}

TEST_F(CreateTest, RefusalsAreCountedByReason) {
  std::vector<std::string> reasons_seen;
  world.observer.refused = [&](const std::string& reason) { reasons_seen.push_back(reason); };
  world.Restart();
  CreateInstanceArgs args = SmallInstance();
  args.spec.shape.vcpus = 64;
  (void)world.Create(args);
  args.spec.shape.vcpus = 0;
  (void)world.Create(args);
  EXPECT_EQ(reasons_seen,
            (std::vector<std::string>{reasons::kInsufficientCapacity, reasons::kInvalidField}));
}

}  // namespace
}  // namespace berth::node
