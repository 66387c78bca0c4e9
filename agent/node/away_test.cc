// SPDX-License-Identifier: Apache-2.0
// What was found when the agent came back (docs/crash-table.md, second half): each difference
// between ledger and host, and that nothing is ended without positive evidence.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/node/foreign.h"
#include "agent/node/node_harness.h"
#include "core/base/ids.h"

namespace berth::node {
namespace {

using recovery::Difference;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class AwayTest : public ::testing::Test {
 protected:
  void SetUp() override { MakeA(SmallInstance(kIdA)); }
  void MakeA(CreateInstanceArgs args) {
    ASSERT_TRUE(world.Create(args).ok());
    world.RunFor(seconds(5));
    ASSERT_EQ(world.StateOf(args.instance_id), "RUNNING");
  }
  // The agent is dead while `event` happens.
  template <typename Event>
  void WhileAway(Event event) {
    world.Crash();
    event();
    world.Start();
    world.RunFor(minutes(2));
  }
  std::string ReasonOfA() { return world.ledger().instances.Find(kIdA)->state_reason.code; }
  int64_t Count(Difference difference) {
    const auto report = world.agent->recovery.report();
    const auto it = report->counts.find(difference);
    return it == report->counts.end() ? 0 : it->second;
  }
  GuestState GuestOfOurs(const std::string& id) {
    GuestState guest;
    guest.name = guest.instance_id = id;
    guest.node_id = world.ledger().identity.node_id;
    guest.power = Power::kRunning;
    guest.uuid = DomainUuid(id);
    return guest;
  }

  World world;
};

TEST_F(AwayTest, RunningGuestsAreAdoptedUntouched) {
  MakeA(SmallInstance(kIdB));
  const auto before = world.host.Guests();
  WhileAway([] {});
  EXPECT_EQ(world.host.Guests(), before) << "same processes, same boots";
  EXPECT_EQ(world.StateOf(kIdA), "RUNNING");
  EXPECT_EQ(world.StateOf(kIdB), "RUNNING");
  EXPECT_GE(world.agent->recovery.report()->runs, 1);
}

TEST_F(AwayTest, AShutdownFromInsideIsTheOwnersWish) {
  WhileAway([&] { world.host.PowerOff(kIdA, OffReason::kGuestShutdown); });
  EXPECT_EQ(world.StateOf(kIdA), "STOPPED");
  EXPECT_EQ(world.ledger().instances.Find(kIdA)->intent, model::Intent::kStopped);
  EXPECT_EQ(ReasonOfA(), "Client.InstanceInitiatedShutdown");
}

TEST_F(AwayTest, AShutdownFromInsideTerminatesWhereTheSpecSaysSo) {
  CreateInstanceArgs args = SmallInstance(kIdB);
  args.spec.shutdown_behavior = model::ShutdownBehavior::kTerminate;
  MakeA(args);
  WhileAway([&] { world.host.PowerOff(kIdB, OffReason::kGuestShutdown); });
  EXPECT_EQ(world.StateOf(kIdB), "TERMINATED");
  EXPECT_FALSE(world.storage.HasAnything(kIdB));
}

TEST_F(AwayTest, WhatIsNotProvenEndsStoppedNeverTerminated) {
  CreateInstanceArgs args = SmallInstance(kIdB);
  args.spec.shutdown_behavior = model::ShutdownBehavior::kTerminate;
  MakeA(args);
  for (const OffReason reason : {OffReason::kUnknown, OffReason::kDestroyed, OffReason::kCrashed}) {
    WhileAway([&] { world.host.PowerOff(kIdB, reason); });
    EXPECT_EQ(world.StateOf(kIdB), "STOPPED");
    EXPECT_EQ(world.ledger().instances.Find(kIdB)->intent, model::Intent::kRunning);
    EXPECT_TRUE(world.storage.HasRootDisk(kIdB));
    ASSERT_TRUE(world.StartIt(kIdB).ok());
    world.RunFor(seconds(5));
    ASSERT_EQ(world.StateOf(kIdB), "RUNNING");
  }
}

TEST_F(AwayTest, AnUndefinedGuestIsStoppedAndItsNextStartDefinesItAnew) {
  WhileAway([&] { world.host.Remove(kIdA); });
  EXPECT_EQ(world.StateOf(kIdA), "STOPPED");
  ASSERT_TRUE(world.StartIt(kIdA).ok());
  world.RunFor(seconds(5));
  EXPECT_EQ(world.StateOf(kIdA), "RUNNING");
}

TEST_F(AwayTest, AfterARebootOfTheHostOnlyAutostartInstancesRun) {
  CreateInstanceArgs args = SmallInstance(kIdB);
  args.spec.autostart = true;
  MakeA(args);
  WhileAway([&] {
    world.host.RebootMachine();
    world.boot_id = "boot-2";
  });
  EXPECT_EQ(world.StateOf(kIdA), "STOPPED");
  EXPECT_EQ(world.StateOf(kIdB), "RUNNING");
  EXPECT_EQ(world.PowerOf(kIdB), Power::kRunning);
  world.ExpectConsistent();
}

TEST_F(AwayTest, AStoppedInstanceThatSomeoneStartedIsStoppedAgain) {
  ASSERT_TRUE(world.Stop(kIdA, {.force = true}).ok());
  world.RunFor(seconds(5));
  WhileAway([&] { ASSERT_TRUE(world.host.StartPaused(kIdA).ok()); });
  EXPECT_EQ(world.StateOf(kIdA), "STOPPED");
  EXPECT_EQ(world.PowerOf(kIdA), Power::kOff);
}

TEST_F(AwayTest, TheGuestAndFilesOfATerminatedInstanceAreEnded) {
  ASSERT_TRUE(world.Terminate(kIdA).ok());
  world.RunFor(seconds(5));
  WhileAway([&] {
    GuestState guest = GuestOfOurs(kIdA);
    world.host.AddForeign(guest);
    world.storage.AppendConsole(kIdA, "boo\n");
  });
  EXPECT_TRUE(world.host.Guests().empty());
  EXPECT_TRUE(world.storage.Instances().empty());
}

TEST_F(AwayTest, AGuestThatCrashedWhileNobodyLookedIsStopped) {
  WhileAway([&] { world.host.Crash(kIdA); });
  EXPECT_EQ(world.StateOf(kIdA), "STOPPED");
  EXPECT_EQ(ReasonOfA(), "Server.GuestCrashed");
  EXPECT_EQ(world.PowerOf(kIdA), Power::kOff);
  world.ExpectConsistent();
}

TEST_F(AwayTest, TheMemoryOfAGuestThatCrashedIsKeptOnce) {
  CreateInstanceArgs args = SmallInstance(kIdB);
  args.spec.crash_behavior = model::CrashBehavior::kDumpAndStop;
  MakeA(args);
  WhileAway([&] { world.host.Crash(kIdB); });
  EXPECT_EQ(world.StateOf(kIdB), "STOPPED");
  EXPECT_EQ(world.host.Guests().at(kIdB).dumps, 1);
}

TEST_F(AwayTest, AGuestThatCrashedIsStartedAgainAlsoOverACrashOfTheAgent) {
  CreateInstanceArgs args = SmallInstance(kIdB);
  args.spec.crash_behavior = model::CrashBehavior::kRestart;
  MakeA(args);
  world.host.Crash(kIdB);
  world.RunFor(Duration(200));
  EXPECT_EQ(world.StateOf(kIdB), "PENDING") << "it waits before it starts again";
  EXPECT_EQ(world.PowerOf(kIdB), Power::kOff);
  WhileAway([] {});
  EXPECT_EQ(world.StateOf(kIdB), "RUNNING");
  EXPECT_EQ(world.PowerOf(kIdB), Power::kRunning);
  EXPECT_EQ(world.host.Guests().at(kIdB).boots, 2);
  EXPECT_EQ(world.ledger().instances.Find(kIdB)->recoveries.size(), 1u);
  world.ExpectConsistent();
}

TEST_F(AwayTest, AGuestThatIsLostAgainAndAgainIsLeftInTheEnd) {
  CreateInstanceArgs args = SmallInstance(kIdB);
  args.spec.auto_recover = true;
  MakeA(args);
  for (int time = 0; time < 6; ++time) {
    world.host.PowerOff(kIdB, OffReason::kDestroyed);
    world.RunFor(minutes(1));
  }
  EXPECT_EQ(world.StateOf(kIdB), "STOPPED");
  EXPECT_EQ(world.host.Guests().at(kIdB).boots, 6);
  world.ExpectConsistent();
}

TEST_F(AwayTest, ALostLedgerIsMadeAnewFromTheGuests) {
  MakeA(SmallInstance(kIdB));
  ASSERT_TRUE(world.Stop(kIdB, {.force = true}).ok());
  world.RunFor(seconds(5));
  const auto before = world.host.Guests();
  const auto known = world.ledger().instances.Find(kIdA);
  const model::Resources allocated = world.ledger().allocated;
  WhileAway([&] { world.file.Lose(); });
  EXPECT_EQ(world.host.Guests(), before) << "nothing was done to them";
  EXPECT_EQ(world.StateOf(kIdA), "RUNNING");
  EXPECT_EQ(world.StateOf(kIdB), "STOPPED");
  const auto adopted = world.ledger().instances.Find(kIdA);
  EXPECT_EQ(adopted->spec, known->spec);
  EXPECT_EQ(adopted->placement, known->placement);
  EXPECT_EQ(adopted->guest_pid, known->guest_pid);
  EXPECT_EQ(adopted->created, known->created);
  EXPECT_EQ(world.ledger().allocated, allocated) << "its room is its own again";
  EXPECT_TRUE(world.node().GetNode().foreign->guests.empty()) << "and charged once";
  EXPECT_EQ(world.file.events().front().type, "InstanceAdopted");
  world.ExpectConsistent();
  EXPECT_EQ(Count(Difference::kGuestWithoutRecord), 0);
}

TEST_F(AwayTest, AnAdoptedInstanceLivesOnAsAnyOther) {
  WhileAway([&] { world.file.Lose(); });
  EXPECT_EQ(world.Create(SmallInstance(kIdA)).status().code(), StatusCode::kAlreadyExists);
  ASSERT_TRUE(world.Stop(kIdA, {.force = true}).ok());
  world.RunFor(seconds(5));
  ASSERT_TRUE(world.StartIt(kIdA).ok());
  world.RunFor(seconds(5));
  EXPECT_EQ(world.StateOf(kIdA), "RUNNING");
  ASSERT_TRUE(world.Terminate(kIdA).ok());
  world.RunFor(seconds(5));
  world.ExpectNothingLeft();
}

TEST_F(AwayTest, ACrashWhileGuestsAreAdoptedAdoptsEachOnce) {
  MakeA(SmallInstance(kIdB));
  WhileAway([&] {
    world.file.Lose();
    world.file.died = [&] { world.sim.DropAll(); };
    world.file.FailNextCommit(CommitFault::kDieAfter);
    world.Start();
    world.Run();
    world.Crash();
  });
  EXPECT_EQ(world.ledger().instances.size(), 2u);
  world.ExpectConsistent();
}

TEST_F(AwayTest, AnOlderLedgerLearnsFromTheGuestsWhatItDoesNotKnow) {
  ASSERT_TRUE(world.Stop(kIdA, {.force = true}).ok());
  world.RunFor(seconds(5));
  const MemoryLedgerFile older = world.file;
  ASSERT_TRUE(world.StartIt(kIdA).ok());
  MakeA(SmallInstance(kIdB));
  const auto before = world.host.Guests();
  WhileAway([&] { world.file = older; });
  EXPECT_EQ(world.host.Guests(), before)
      << "a record older than its guest is no evidence against it";
  EXPECT_EQ(world.StateOf(kIdA), "RUNNING");
  EXPECT_EQ(world.StateOf(kIdB), "RUNNING");
  world.ExpectConsistent();
}

TEST_F(AwayTest, WhatIsLeftOfAnInstanceThatIsForgottenIsEnded) {
  const GuestState left = *world.host.Inspect(kIdA);
  ASSERT_TRUE(world.Terminate(kIdA).ok());
  world.RunFor(hours(3));
  ASSERT_EQ(world.ledger().instances.Find(kIdA), nullptr);
  WhileAway([&] { world.host.AddForeign(left); });
  EXPECT_FALSE(world.host.Inspect(kIdA).ok());
}

TEST_F(AwayTest, AGuestOfOursThatCannotBeAdoptedIsReportedAndLeftAlone) {
  WhileAway([&] {
    world.host.AddForeign(GuestOfOurs(kIdB));
    world.storage.AppendConsole("i-000000000000000cc", "somebody's\n");
  });
  world.RunFor(hours(3));
  EXPECT_EQ(world.PowerOf(kIdB), Power::kRunning);
  EXPECT_TRUE(world.storage.HasAnything("i-000000000000000cc"));
  EXPECT_EQ(Count(Difference::kGuestWithoutRecord), 1);
  EXPECT_EQ(Count(Difference::kFilesWithoutRecord), 1);
}

TEST_F(AwayTest, ForeignGuestsComeAndGoUntouched) {
  GuestState web;
  web.name = "web";
  web.power = Power::kRunning;
  GuestState others = GuestOfOurs(kIdB);
  others.node_id = "99999999-2222-4333-8444-555555555555";
  WhileAway([&] {
    world.host.AddForeign(web);
    world.host.AddForeign(others);
  });
  EXPECT_EQ(Count(Difference::kForeignGuest), 2);
  ASSERT_TRUE(world.Terminate(kIdA).ok());
  world.RunFor(hours(3));
  const auto guests = world.host.Guests();
  ASSERT_EQ(guests.size(), 2u);
  EXPECT_EQ(guests.at("web").state, web);
  EXPECT_EQ(guests.at(kIdB).state, others);
  world.host.Remove("web");
  world.RunFor(minutes(2));
  EXPECT_EQ(Count(Difference::kForeignGuest), 1);
}

TEST_F(AwayTest, AHypervisorThatIsAwayAtTheStartIsNoReasonToConcludeAnything) {
  // Half-done work and a running guest, and nobody to ask.
  world.storage.SetDelay(StorageCall::kCreateRootDisk, minutes(1));
  ASSERT_TRUE(world.Create(SmallInstance(kIdB)).ok());
  world.Crash();
  world.storage.SetDelay(StorageCall::kCreateRootDisk, Duration(0));
  world.Start();
  world.agent->hypervisor.SetDaemonUp(false);
  world.RunFor(hours(2));
  EXPECT_EQ(world.StateOf(kIdA), "RUNNING");
  EXPECT_EQ(world.StateOf(kIdB), "PENDING") << "its tries are not used up against a wall";
  EXPECT_FALSE(world.agent->recovery.report()->error.ok());
  EXPECT_EQ(world.agent->recovery.report()->runs, 0);
  world.agent->hypervisor.SetDaemonUp(true);
  world.RunFor(seconds(5));
  EXPECT_EQ(world.StateOf(kIdA), "RUNNING");
  EXPECT_EQ(world.StateOf(kIdB), "RUNNING") << "by itself";
  EXPECT_TRUE(world.agent->recovery.report()->error.ok());
}

TEST_F(AwayTest, WhatHappenedWhileTheHypervisorWasAwayIsSeenWhenItIsBack) {
  world.agent->hypervisor.SetDaemonUp(false);
  world.RunFor(seconds(10));
  world.host.PowerOff(kIdA, OffReason::kCrashed);
  world.RunFor(minutes(5));
  EXPECT_EQ(world.StateOf(kIdA), "RUNNING") << "the last known state";
  world.agent->hypervisor.SetDaemonUp(true);
  world.RunFor(seconds(1));
  EXPECT_EQ(world.StateOf(kIdA), "STOPPED");
}

TEST_F(AwayTest, ALostEventIsMadeUpForByTheTimer) {
  world.agent->hypervisor.LoseEvents(1);
  world.host.PowerOff(kIdA, OffReason::kCrashed);
  world.RunFor(seconds(1));
  EXPECT_EQ(world.StateOf(kIdA), "RUNNING");
  world.RunFor(minutes(2));
  EXPECT_EQ(world.StateOf(kIdA), "STOPPED");
}

TEST_F(AwayTest, AnObservationThatCameTooLateStopsNothing) {
  ASSERT_TRUE(world.Stop(kIdA, {.force = true}).ok());
  world.RunFor(seconds(5));
  // The listing sees the guest off; its answer is on its way while the instance is started.
  world.storage.SetDelay(StorageCall::kListInstances, seconds(30));
  world.agent->recovery.Run(nullptr);
  world.RunFor(seconds(1));
  ASSERT_TRUE(world.StartIt(kIdA).ok());
  world.RunFor(minutes(1));
  EXPECT_EQ(world.StateOf(kIdA), "RUNNING");
  EXPECT_EQ(world.host.Guests().at(kIdA).boots, 2);
}

TEST_F(AwayTest, APausedGuestIsReportedAndLeftToItsOwner) {
  WhileAway([&] {
    world.host.PowerOff(kIdA, OffReason::kUnknown);
    ASSERT_TRUE(world.host.StartPaused(kIdA).ok());
  });
  EXPECT_EQ(world.StateOf(kIdA), "RUNNING");
  EXPECT_EQ(world.PowerOf(kIdA), Power::kPaused);
  EXPECT_EQ(Count(Difference::kGuestPaused), 1);
}

}  // namespace
}  // namespace berth::node
