// SPDX-License-Identifier: Apache-2.0
// The verbs as a caller meets them. What each means for the instance is
// lifecycle_test.cc's matter; here it is what a transaction adds: claims, etags, protection,
// cordon.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/instance/lifecycle.h"
#include "agent/node/node_harness.h"
#include "core/base/error.h"
#include "core/base/reasons.h"
#include "core/model/names.h"

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

TEST_F(VerbsTest, AResizedInstanceStartsInItsNewShape) {
  ASSERT_TRUE(world.Stop(kIdA, {.force = true}).ok());
  Settle();
  const auto operation = world.Resize(kIdA, {"m1.small", {}});
  ASSERT_TRUE(operation.ok()) << operation.status();
  EXPECT_EQ(operation->kind, model::OperationKind::kResize);
  Settle();
  EXPECT_EQ(world.ledger().operations.Find(operation->id)->state,
            model::OperationState::kSucceeded);
  EXPECT_EQ(world.host.Inspect(kIdA)->memory_mib, 512);
  EXPECT_EQ(world.ledger().allocated.vcpus, 0);
  ASSERT_TRUE(world.StartIt(kIdA).ok());
  Settle();
  EXPECT_EQ(world.StateOf(kIdA), "RUNNING");
  EXPECT_EQ(world.ledger().allocated.memory_mib,
            512 + world.ledger().instances.Find(kIdA)->overhead_mib);
  world.ExpectConsistent();
}

TEST_F(VerbsTest, AResizeNeedsRoomForBothAndAStoppedInstance) {
  EXPECT_EQ(ReasonOf(world.Resize(kIdA, {"m1.small", {}}).status()),
            reasons::kIncorrectInstanceState);
  CreateInstanceArgs kept = SmallInstance(kIdB);
  kept.spec.shape.vcpus = 6;
  kept.spec.shape.reserve_when_stopped = true;
  ASSERT_TRUE(world.Create(kept).ok());
  Settle();
  ASSERT_TRUE(world.Stop(kIdB, {.force = true}).ok());
  Settle();
  ResizeArgs more{"", {.vcpus = 4, .memory_mib = 256}};
  const Status refused = world.Resize(kIdB, more).status();
  EXPECT_EQ(ReasonOf(refused), reasons::kInsufficientCapacity);
  EXPECT_EQ(DetailsOf(refused).metadata["vcpus_short"], "1") << "10, less 6, 1 and 4";
  EXPECT_EQ(world.ledger().instances.Find(kIdB)->spec.shape.vcpus, 6);
  more.shape.vcpus = 3;
  ASSERT_TRUE(world.Resize(kIdB, more).ok());
  Settle();
  EXPECT_EQ(world.ledger().allocated.vcpus, 1) << "A alone: the new shape reserves nothing";
  world.ExpectConsistent();
}

TEST_F(VerbsTest, AResizeToNothingThereIsNamesItsField) {
  const Status type = world.Resize(kIdA, {"m9.none", {}}).status();
  EXPECT_EQ(DetailsOf(type).violations.at(0).field, "instance_type");
  const Status shape = world.Resize(kIdA, {"", {.vcpus = 0, .memory_mib = 256}}).status();
  EXPECT_EQ(DetailsOf(shape).violations.at(0).field, "shape.vcpus");
}

TEST_F(VerbsTest, AResizeThatTheHypervisorRefusesLeavesEverythingAsItWas) {
  ASSERT_TRUE(world.Stop(kIdA, {.force = true}).ok());
  Settle();
  const auto before = world.host.Inspect(kIdA);
  world.agent->hypervisor.SetDaemonUp(false);
  const auto operation = world.Resize(kIdA, {"m1.small", {}});
  ASSERT_TRUE(operation.ok()) << operation.status();
  world.RunFor(std::chrono::minutes(5));
  world.agent->hypervisor.SetDaemonUp(true);
  world.RunFor(std::chrono::minutes(1));
  EXPECT_EQ(world.ledger().operations.Find(operation->id)->state, model::OperationState::kFailed);
  EXPECT_EQ(world.ledger().instances.Find(kIdA)->spec.shape.memory_mib, 256);
  EXPECT_EQ(world.host.Inspect(kIdA)->memory_mib, before->memory_mib);
  EXPECT_EQ(world.ledger().allocated.vcpus, 0);
  world.ExpectConsistent();
}

TEST_F(VerbsTest, WhatIsOnlyCheckedChangesNothingAndIsNotKept) {
  ASSERT_TRUE(world.Stop(kIdA, {.force = true}).ok());
  Settle();
  const int64_t revision = world.ledger().revision;
  CallContext check = Call("check");
  check.validate_only = true;
  const auto started = world.StartIt(kIdA, check);
  ASSERT_TRUE(started.ok()) << started.status();
  EXPECT_EQ(started->state, model::InstanceState::kPending);
  EXPECT_FALSE(started->placement.cells.empty());
  EXPECT_TRUE(world.Resize(kIdA, {"m1.small", {}}, check).ok());
  EXPECT_EQ(ReasonOf(world.Resize(kIdA, {"", {.vcpus = 11, .memory_mib = 256}}, check).status()),
            reasons::kInsufficientCapacity);
  const auto updated = world.Update(kIdA, {.name = "db"}, check);
  ASSERT_TRUE(updated.ok());
  EXPECT_EQ(updated->spec.name, "db");
  EXPECT_EQ(world.ledger().revision, revision);
  EXPECT_TRUE(world.StartIt(kIdA, Call("check")).ok()) << "the id has not been used";
}

TEST_F(VerbsTest, AnUpdateIsInForceAtOnceAndMovesTheEtag) {
  CallContext call;
  call.etag = EtagOf(*world.ledger().instances.Find(kIdA));
  ASSERT_TRUE(world.Update(kIdA, {.termination_protection = true}, call).ok());
  EXPECT_EQ(ReasonOf(world.Terminate(kIdA).status()), reasons::kOperationNotPermitted);
  EXPECT_EQ(ReasonOf(world.Update(kIdA, {.name = "x"}, call).status()), reasons::kEtagMismatch);
  ASSERT_TRUE(world.Update(kIdA, {.termination_protection = false}).ok());
  EXPECT_TRUE(world.Terminate(kIdA).ok());
}

TEST_F(VerbsTest, AnInterruptReachesTheGuestOnceHoweverOftenItIsRepeated) {
  ASSERT_TRUE(world.Interrupt(kIdA, Call("nmi")).ok());
  ASSERT_TRUE(world.Interrupt(kIdA, Call("nmi")).ok());
  EXPECT_EQ(world.host.Guests().at(kIdA).nmis, 1);
  ASSERT_TRUE(world.Interrupt(kIdA, Call("another")).ok());
  EXPECT_EQ(world.host.Guests().at(kIdA).nmis, 2);
}

TEST_F(VerbsTest, AnInterruptIsNotKeptForLater) {
  world.agent->hypervisor.SetDaemonUp(false);
  EXPECT_EQ(ReasonOf(world.Interrupt(kIdA, Call("nmi")).status()), reasons::kHypervisorUnavailable);
  world.agent->hypervisor.SetDaemonUp(true);
  Settle();
  EXPECT_EQ(world.host.Guests().at(kIdA).nmis, 0);
  ASSERT_TRUE(world.Interrupt(kIdA, Call("nmi")).ok()) << "a refusal is decided afresh";
  EXPECT_EQ(world.host.Guests().at(kIdA).nmis, 1);
  ASSERT_TRUE(world.Stop(kIdA, {.force = true}).ok());
  Settle();
  EXPECT_EQ(ReasonOf(world.Interrupt(kIdA).status()), reasons::kIncorrectInstanceState);
}

TEST_F(VerbsTest, ACancelledCreateLeavesNothing) {
  world.storage.SetDelay(StorageCall::kCreateRootDisk, std::chrono::minutes(5));
  const auto created = world.Create(SmallInstance(kIdB));
  ASSERT_TRUE(created.ok());
  Settle();
  const auto cancelled = world.Cancel(created->operation_id, Call("cancel"));
  ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  EXPECT_EQ(cancelled->state, model::OperationState::kUndoing);
  world.RunFor(std::chrono::minutes(10));
  EXPECT_EQ(world.StateOf(kIdB), "TERMINATED");
  EXPECT_EQ(world.ledger().operations.Find(created->operation_id)->state,
            model::OperationState::kCancelled);
  EXPECT_FALSE(world.storage.HasAnything(kIdB)) << "also what the late call made";
  EXPECT_EQ(*world.Cancel(created->operation_id, Call("cancel")), *cancelled) << "the first reply";
  EXPECT_EQ(world.Cancel(created->operation_id)->state, model::OperationState::kCancelled);
}

TEST_F(VerbsTest, AnOperationThatIsNotThereOrCannotBeCancelledIsRefused) {
  EXPECT_EQ(ReasonOf(world.Cancel("op-0000000000000000f").status()), reasons::kOperationNotFound);
  world.host.SetPowerButton(kIdA, PowerButton::kIgnored);
  const auto stopping = world.Stop(kIdA, {.grace = std::chrono::seconds(60)});
  EXPECT_EQ(ReasonOf(world.Cancel(stopping->operation_id).status()),
            reasons::kOperationNotCancellable);
}

TEST_F(VerbsTest, ATerminateThatAsksLetsTheGuestShutDown) {
  world.host.SetPowerButton(kIdA, PowerButton::kIgnored);
  ASSERT_TRUE(world.Terminate(kIdA, {}, {.grace = std::chrono::seconds(60)}).ok());
  world.RunFor(std::chrono::seconds(50));
  EXPECT_EQ(world.PowerOf(kIdA), Power::kRunning);
  world.RunFor(std::chrono::seconds(20));
  EXPECT_EQ(world.StateOf(kIdA), "TERMINATED");
  world.ExpectNothingLeft();
}

TEST_F(VerbsTest, OperationsAreListedNewestFirstInPagesOfOneRevision) {
  world.RunFor(std::chrono::seconds(1));
  ASSERT_TRUE(world.Create(SmallInstance(kIdB)).ok());
  Settle();
  ASSERT_TRUE(world.Stop(kIdA, {.force = true}).ok());
  Settle();
  const auto kinds = [](const ListOperationsResult& page) {
    std::vector<std::string> names;
    for (const auto& operation : page.operations)
      names.push_back(std::string(model::Name(operation->kind)) + " " +
                      operation->target.substr(18));
    return names;
  };
  const auto all = world.node().ListOperations({});
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_THAT(kinds(*all), testing::ElementsAre("stop a", "create b", "create a"));
  const auto first = world.node().ListOperations({.page_size = 2});
  ASSERT_TRUE(world.Terminate(kIdB).ok());
  Settle();
  const auto second =
      world.node().ListOperations({.page_size = 2, .page_token = first->next_page_token});
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_THAT(kinds(*second), testing::ElementsAre("create a"));
  EXPECT_EQ(second->revision, first->revision);
  EXPECT_THAT(kinds(*world.node().ListOperations({.target = kIdB})),
              testing::ElementsAre("terminate b", "create b"));
  EXPECT_TRUE(world.node()
                  .ListOperations({.states = {model::OperationState::kFailed}})
                  ->operations.empty());
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
