// SPDX-License-Identifier: Apache-2.0
// Start, stop, reboot and terminate as a caller meets them. What each means for the instance is
// lifecycle_test.cc's matter; here it is what a transaction adds: claims, etags, protection,
// cordon.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/instance/lifecycle.h"
#include "agent/node/node_harness.h"
#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth::node {
namespace {

class VerbsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(world.Create(SmallInstance(kIdA)).ok());
    Settle();
    ASSERT_EQ(world.StateOf(kIdA), "RUNNING");
  }
  void Settle() { world.RunFor(std::chrono::seconds(5)); }

  World world;
};

TEST_F(VerbsTest, AnInstanceGoesRoundItsLife) {
  const auto stopping = world.Stop(kIdA, {.grace = std::chrono::seconds(60)});
  ASSERT_TRUE(stopping.ok()) << stopping.status();
  EXPECT_EQ(stopping->state, model::InstanceState::kStopping);
  Settle();
  EXPECT_EQ(world.StateOf(kIdA), "STOPPED");
  EXPECT_EQ(world.PowerOf(kIdA), Power::kOff);
  EXPECT_EQ(world.ledger().allocated.vcpus, 0) << "vCPUs and memory are given back";
  EXPECT_GT(world.ledger().allocated.disk_mib, 0) << "the disk is kept";

  const auto starting = world.StartIt(kIdA);
  ASSERT_TRUE(starting.ok()) << starting.status();
  EXPECT_EQ(starting->state, model::InstanceState::kPending);
  EXPECT_FALSE(starting->run_claim_id.empty());
  Settle();
  EXPECT_EQ(world.StateOf(kIdA), "RUNNING");
  world.ExpectConsistent();

  ASSERT_TRUE(world.Reboot(kIdA, {.grace = std::chrono::seconds(60)}).ok());
  Settle();
  EXPECT_EQ(world.StateOf(kIdA), "RUNNING");
  EXPECT_EQ(world.host.Guests().at(kIdA).boots, 3);

  ASSERT_TRUE(world.Terminate(kIdA).ok());
  Settle();
  EXPECT_EQ(world.StateOf(kIdA), "TERMINATED");
  world.ExpectNothingLeft();
}

TEST_F(VerbsTest, AGuestThatIgnoresTheButtonIsForcedAfterItsGrace) {
  world.host.SetPowerButton(kIdA, PowerButton::kIgnored);
  ASSERT_TRUE(world.Stop(kIdA, {.grace = std::chrono::seconds(60)}).ok());
  world.RunFor(std::chrono::seconds(50));
  EXPECT_EQ(world.StateOf(kIdA), "STOPPING");
  EXPECT_EQ(world.PowerOf(kIdA), Power::kRunning);
  world.RunFor(std::chrono::seconds(20));
  EXPECT_EQ(world.StateOf(kIdA), "STOPPED");
}

TEST_F(VerbsTest, AVerbOnNobodyOrOnNonsenseIsRefused) {
  EXPECT_EQ(ReasonOf(world.Stop(kIdB).status()), reasons::kInstanceNotFound);
  const Status nonsense = world.Terminate("../i-1", Call("r 1")).status();
  EXPECT_EQ(nonsense.code(), StatusCode::kInvalidArgument);
  ASSERT_EQ(DetailsOf(nonsense).violations.size(), 2u);
  EXPECT_EQ(DetailsOf(nonsense).violations[1].field, "instance_id");
}

TEST_F(VerbsTest, AVerbInTheWrongStateIsRefusedAndChangesNothing) {
  ASSERT_TRUE(world.Stop(kIdA, {.force = true}).ok());
  Settle();
  const int64_t revision = world.ledger().revision;
  const Status status = world.Reboot(kIdA).status();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), reasons::kIncorrectInstanceState);
  EXPECT_EQ(world.ledger().revision, revision);
}

TEST_F(VerbsTest, AVerbWhoseGoalIsReachedAnswersWithTheInstanceAsItIs) {
  const auto started = world.StartIt(kIdA);
  ASSERT_TRUE(started.ok()) << started.status();
  EXPECT_EQ(*started, *world.ledger().instances.Find(kIdA));
}

TEST_F(VerbsTest, AnEtagHoldsAVerbBackThatWasDecidedOnAnOldPicture) {
  CallContext call;
  call.etag = EtagOf(*world.ledger().instances.Find(kIdA));
  ASSERT_TRUE(world.Stop(kIdA, {.force = true}, call).ok());
  Settle();
  const Status status = world.Terminate(kIdA, call).status();
  EXPECT_EQ(status.code(), StatusCode::kAborted);
  EXPECT_EQ(ReasonOf(status), reasons::kEtagMismatch);
  EXPECT_EQ(DetailsOf(status).metadata["etag"], EtagOf(*world.ledger().instances.Find(kIdA)));
  EXPECT_EQ(world.StateOf(kIdA), "STOPPED");
  call.etag = DetailsOf(status).metadata["etag"];
  EXPECT_TRUE(world.Terminate(kIdA, call).ok());
}

TEST_F(VerbsTest, AProtectedInstanceIsNotTerminated) {
  CreateInstanceArgs args = SmallInstance(kIdB);
  args.spec.termination_protection = true;
  ASSERT_TRUE(world.Create(args).ok());
  Settle();
  const Status status = world.Terminate(kIdB).status();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), reasons::kOperationNotPermitted);
  EXPECT_TRUE(world.Stop(kIdB, {.force = true}).ok()) << "only against termination";
  Settle();
  EXPECT_EQ(world.StateOf(kIdB), "STOPPED");
}

TEST_F(VerbsTest, AStartNeedsRoomAgain) {
  ASSERT_TRUE(world.Stop(kIdA, {.force = true}).ok());
  Settle();
  CreateInstanceArgs big = SmallInstance(kIdB);
  big.spec.shape.vcpus = 10;
  ASSERT_TRUE(world.Create(big).ok());
  Settle();
  const int64_t revision = world.ledger().revision;
  const Status status = world.StartIt(kIdA).status();
  EXPECT_EQ(ReasonOf(status), reasons::kInsufficientCapacity);
  EXPECT_EQ(DetailsOf(status).metadata["vcpus_short"], "1");
  EXPECT_EQ(world.ledger().revision, revision) << "it stays STOPPED, untouched";
  ASSERT_TRUE(world.Terminate(kIdB).ok());
  Settle();
  EXPECT_TRUE(world.StartIt(kIdA).ok());
  Settle();
  EXPECT_EQ(world.StateOf(kIdA), "RUNNING");
  world.ExpectConsistent();
}

TEST_F(VerbsTest, ACordonedNodeStartsNothingButStopsAndTerminates) {
  world.Write([](LedgerTxn& txn) {
    txn.SetCordoned(true);
    return OkStatus();
  });
  EXPECT_TRUE(world.StartIt(kIdA).ok()) << "it runs already: nothing is started";
  ASSERT_TRUE(world.Stop(kIdA, {.force = true}).ok());
  Settle();
  EXPECT_EQ(ReasonOf(world.StartIt(kIdA).status()), reasons::kNodeCordoned);
  EXPECT_TRUE(world.Terminate(kIdA).ok());
  Settle();
  world.ExpectNothingLeft();
}

TEST_F(VerbsTest, AVerbIsTakenWhileTheHypervisorIsAwayAndDoneWhenItIsBack) {
  world.agent->hypervisor.SetDaemonUp(false);
  ASSERT_TRUE(world.Terminate(kIdA).ok());
  world.RunFor(std::chrono::minutes(10));
  EXPECT_EQ(world.StateOf(kIdA), "SHUTTING_DOWN");
  EXPECT_EQ(world.PowerOf(kIdA), Power::kRunning);
  world.agent->hypervisor.SetDaemonUp(true);
  world.RunFor(std::chrono::seconds(30));
  EXPECT_EQ(world.StateOf(kIdA), "TERMINATED");
  world.ExpectNothingLeft();
}

TEST_F(VerbsTest, TerminateOvertakesACreateThatHangs) {
  world.storage.SetDelay(StorageCall::kCreateRootDisk, std::chrono::minutes(5));
  ASSERT_TRUE(world.Create(SmallInstance(kIdB)).ok());
  Settle();
  ASSERT_TRUE(world.Terminate(kIdB).ok());
  world.RunFor(std::chrono::minutes(10));
  EXPECT_EQ(world.StateOf(kIdB), "TERMINATED");
  EXPECT_FALSE(world.storage.HasAnything(kIdB)) << "also what the late call made";
  EXPECT_EQ(world.ledger().claims.size(), 2u) << "those of the other instance";
}

}  // namespace
}  // namespace berth::node
