// SPDX-License-Identifier: Apache-2.0
// The state machine where a guest does something by itself, or somebody else does it to the guest.
#include "agent/instance/lifecycle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/instance/lifecycle_fixture.h"

namespace berth {
namespace {

using model::InstanceState;
using model::Intent;
using model::OperationKind;
using model::StepKind;
using model::StepState;

TEST(LifecycleGuestTest, TheGuestsProcessIsTheOneLastSeenAndGoesWithIt) {
  Life life;
  while (life.Step() != StepKind::kVerify) life.End();
  ASSERT_TRUE(life.Feed(StepEnded{"op-1", 5, 1, {}, "kvm", 4711}).ok());
  life.EndAll();
  EXPECT_EQ(life.record.guest_pid, 4711);
  GuestObserved seen{.defined = true, .power = Power::kRunning, .pid = 4711};
  EXPECT_FALSE(life.Feed(seen)->changed) << "worth no write";
  seen.pid = 0;
  EXPECT_FALSE(life.Feed(seen)->changed) << "not known is not another";
  seen.pid = 4712;
  ASSERT_TRUE(life.Feed(seen)->changed);
  EXPECT_EQ(life.record.guest_pid, 4712);
  ASSERT_TRUE(life.Feed(Off(OffReason::kCrashed))->changed);
  EXPECT_EQ(life.record.guest_pid, 0);
}

TEST(LifecycleGuestTest, AMissingDiskIsSaidAndNothingIsEnded) {
  for (const InstanceState state : {InstanceState::kRunning, InstanceState::kStopped}) {
    Life life = RunningLife();
    life.record.state = state;
    life.record.intent = state == InstanceState::kRunning ? Intent::kRunning : Intent::kStopped;
    const Power power = state == InstanceState::kRunning ? Power::kRunning : Power::kOff;
    const model::Operation before = *life.operation;
    const auto seen = [&](std::optional<bool> missing) {
      ASSERT_TRUE(
          life.Feed(GuestObserved{.defined = true, .power = power, .disk_missing = missing}).ok());
      EXPECT_EQ(life.record.state, state);
      EXPECT_EQ(*life.operation, before);
    };
    seen(true);
    EXPECT_EQ(life.record.state_reason.code, "Server.DiskMissing");
    seen(std::nullopt);
    EXPECT_EQ(life.record.state_reason.code, "Server.DiskMissing") << "nobody could look";
    seen(false);
    EXPECT_EQ(life.record.state_reason.code, "");
  }
}

GuestObserved Crashed() { return {.defined = true, .power = Power::kPaused, .crashed = true}; }

TEST(LifecycleGuestTest, AGuestThatCrashedIsStoppedAndItsOwnersWishStays) {
  Life life = RunningLife();
  ASSERT_TRUE(life.Feed(Crashed()).ok());
  EXPECT_EQ(life.record.state, InstanceState::kStopping);
  ASSERT_EQ(life.operation->steps.size(), 1u);
  life.EndAll();
  EXPECT_EQ(life.record.state, InstanceState::kStopped);
  EXPECT_EQ(life.record.state_reason.code, "Server.GuestCrashed");
  EXPECT_EQ(life.record.intent, Intent::kRunning);
  EXPECT_EQ(life.record.run_claim_id, "");
}

TEST(LifecycleGuestTest, AGuestThatCrashedIsKeptAsADumpWhereItsSpecSaysSo) {
  Life life = RunningLife();
  life.record.spec.crash_behavior = model::CrashBehavior::kDumpAndStop;
  ASSERT_TRUE(life.Feed(Crashed()).ok());
  EXPECT_EQ(life.operation->steps[0].kind, StepKind::kDump);
  life.End({StatusCode::kResourceExhausted, "STORAGE_FULL", "no room for it"});
  EXPECT_EQ(life.operation->steps[0].state, StepState::kSkipped) << "it stops all the same";
  life.EndAll();
  EXPECT_EQ(life.record.state, InstanceState::kStopped);
  EXPECT_EQ(life.record.state_reason.code, "Server.GuestCrashed");
}

TEST(LifecycleGuestTest, AGuestThatCrashedIsStartedAgainInItsRoomEverLaterAndNotForEver) {
  Life life = RunningLife();
  life.record.spec.crash_behavior = model::CrashBehavior::kRestart;
  const std::string claim = life.record.run_claim_id;
  for (int time = 0; time < 5; ++time) {
    ASSERT_TRUE(life.Feed(Crashed()).ok());
    EXPECT_EQ(life.record.state, InstanceState::kPending);
    EXPECT_EQ(life.operation->kind, OperationKind::kStart);
    EXPECT_EQ(life.operation->steps[0].kind, StepKind::kDestroy);
    EXPECT_EQ(life.operation->steps[1].kind, StepKind::kBackOff);
    EXPECT_EQ(life.operation->grace, std::chrono::seconds(1 << time));
    life.EndAll();
    EXPECT_EQ(life.record.state, InstanceState::kRunning);
    EXPECT_EQ(life.record.run_claim_id, claim);
    EXPECT_EQ(life.record.recoveries.size(), static_cast<size_t>(time) + 1);
  }
  ASSERT_TRUE(life.Feed(Crashed()).ok());
  life.EndAll();
  EXPECT_EQ(life.record.state, InstanceState::kStopped);
  EXPECT_EQ(life.record.state_reason.code, "Server.GuestCrashed");
}

TEST(LifecycleGuestTest, RecoveriesOfMoreThanAnHourAgoCountNoMore) {
  Life life = RunningLife();
  life.record.spec.crash_behavior = model::CrashBehavior::kRestart;
  life.record.recoveries.assign(5, life.now);
  life.now += std::chrono::hours(1);
  ASSERT_TRUE(life.Feed(Crashed()).ok());
  EXPECT_EQ(life.operation->kind, OperationKind::kStart);
  EXPECT_EQ(life.record.recoveries.size(), 1u);
}

TEST(LifecycleGuestTest, ALostGuestIsStartedAgainWhereItsSpecSaysSo) {
  for (const OffReason reason : {OffReason::kUnknown, OffReason::kDestroyed, OffReason::kCrashed}) {
    Life life = RunningLife();
    life.record.spec.auto_recover = true;
    ASSERT_TRUE(life.Feed(GuestObserved{.defined = true, .off_reason = reason}).ok());
    EXPECT_EQ(life.record.state, InstanceState::kPending);
    life.EndAll();
    EXPECT_EQ(life.record.state, InstanceState::kRunning);
  }
  Life life = RunningLife();
  life.record.spec.auto_recover = true;
  ASSERT_TRUE(
      life.Feed(GuestObserved{.defined = true, .off_reason = OffReason::kGuestShutdown}).ok());
  EXPECT_EQ(life.record.state, InstanceState::kStopped) << "that was its owner's wish";
}

TEST(LifecycleGuestTest, AStartAfterACrashThatIsCancelledLeavesNoGuest) {
  Life life = RunningLife();
  life.record.spec.crash_behavior = model::CrashBehavior::kRestart;
  ASSERT_TRUE(life.Feed(Crashed()).ok());
  ASSERT_TRUE(life.Feed(CancelRequested{}).ok());
  EXPECT_EQ(life.operation->steps[0].state, StepState::kUndoing) << "it is ended either way";
  life.EndAll();
  EXPECT_EQ(life.record.state, InstanceState::kStopped);
}

TEST(LifecycleGuestTest, AGuestThatCrashesWhileItIsAskedIsEndedAtOnce) {
  Life life = RunningLife();
  ASSERT_TRUE(life.Feed(StopRequested{.grace = std::chrono::minutes(1)}).ok());
  life.End();
  ASSERT_TRUE(life.Feed(Crashed()).ok());
  EXPECT_EQ(life.operation->steps.back().state, StepState::kRunning);
}

TEST(LifecycleGuestTest, AShutdownFromInsideFollowsTheShutdownBehaviour) {
  Life stops = RunningLife();
  ASSERT_TRUE(stops.Feed(Off(OffReason::kGuestShutdown)).ok());
  EXPECT_EQ(stops.record.state, InstanceState::kStopped);
  EXPECT_EQ(stops.record.intent, Intent::kStopped);
  EXPECT_EQ(stops.record.state_reason.code, "Client.InstanceInitiatedShutdown");

  Life terminates = RunningLife();
  terminates.record.spec.shutdown_behavior = model::ShutdownBehavior::kTerminate;
  ASSERT_TRUE(terminates.Feed(Off(OffReason::kGuestShutdown)).ok());
  EXPECT_EQ(terminates.record.state, InstanceState::kShuttingDown);
  EXPECT_EQ(terminates.record.intent, Intent::kTerminated);
}

TEST(LifecycleGuestTest, WhatIsNotProvenEndsStoppedAndLeavesTheIntent) {
  for (const OffReason reason :
       {OffReason::kUnknown, OffReason::kDestroyed, OffReason::kCrashed, OffReason::kFailed}) {
    Life life = RunningLife();
    life.record.spec.shutdown_behavior = model::ShutdownBehavior::kTerminate;
    ASSERT_TRUE(life.Feed(Off(reason)).ok());
    EXPECT_EQ(life.record.state, InstanceState::kStopped);
    EXPECT_EQ(life.record.intent, Intent::kRunning);
    EXPECT_EQ(life.record.generation, 1);
  }
}

TEST(LifecycleGuestTest, TheReasonSaysWhatIsKnownOfHowAGuestEnded) {
  const auto reason_of = [](const GuestObserved& observed, const char* boot_id = kBoot) {
    Life life = RunningLife();
    life.boot_id = boot_id;
    EXPECT_TRUE(life.Feed(observed).ok());
    return life.record.state_reason.code;
  };
  EXPECT_EQ(reason_of(Off(OffReason::kUnknown)), "Server.ShutdownUnexplained");
  EXPECT_EQ(reason_of(Off(OffReason::kDestroyed)), "Server.GuestDestroyed");
  EXPECT_EQ(reason_of(Off(OffReason::kCrashed)), "Server.GuestKilled");
  EXPECT_EQ(reason_of(Off(OffReason::kFailed)), "Server.GuestKilled");
  EXPECT_EQ(reason_of(GuestObserved{}), "Server.GuestUndefined");
  EXPECT_EQ(reason_of(Off(OffReason::kGuestShutdown), "boot-2"), "Server.HostRebooted");
}

TEST(LifecycleGuestTest, AShutdownReasonFromBeforeAHostRebootProvesNothing) {
  Life life = RunningLife();
  life.boot_id = "boot-2";
  life.record.spec.shutdown_behavior = model::ShutdownBehavior::kTerminate;
  ASSERT_TRUE(life.Feed(Off(OffReason::kGuestShutdown)).ok());
  EXPECT_EQ(life.record.state, InstanceState::kStopped);
  EXPECT_EQ(life.record.intent, Intent::kRunning);
}

TEST(LifecycleGuestTest, AGuestThatGoesOffWithItsHostIsLeftToTheNextBoot) {
  Life life = RunningLife();
  life.record.spec.shutdown_behavior = model::ShutdownBehavior::kTerminate;
  life.record.spec.autostart = true;
  life.host_going_down = true;
  EXPECT_FALSE(life.Feed(Off(OffReason::kGuestShutdown)).value().changed);
  EXPECT_EQ(life.record.state, InstanceState::kRunning);
  life.host_going_down = false;
  life.boot_id = "boot-2";
  ASSERT_TRUE(life.Feed(Off(OffReason::kGuestShutdown)).ok());
  EXPECT_EQ(life.record.state, InstanceState::kPending);
}

TEST(LifecycleGuestTest, AutostartBringsAnInstanceBackAfterAHostReboot) {
  Life life = RunningLife();
  life.record.spec.autostart = true;
  life.boot_id = "boot-2";
  const Decision decision = life.Feed(Off(OffReason::kUnknown)).value();
  EXPECT_EQ(life.record.state, InstanceState::kPending);
  EXPECT_FALSE(decision.acquire_run_claim) << "it still holds the one it had";
  life.EndAll();
  EXPECT_EQ(life.record.state, InstanceState::kRunning);
  EXPECT_EQ(life.record.boot_id, "boot-2");
}

// The power goes while a guest is being started; the steps before it stay done.
TEST(LifecycleGuestTest, AGuestThatGoesWithItsHostBeforeItRunsIsStartedOnceMore) {
  for (const StepKind lost : {StepKind::kVerify, StepKind::kResume}) {
    Life life;
    while (life.Step() != lost) life.End();
    EXPECT_EQ(life.record.boot_id, kBoot);
    life.boot_id = "boot-2";
    life.End({StatusCode::kFailedPrecondition, "", "the guest is off"});
    EXPECT_EQ(life.Step(), StepKind::kDefine);
    life.EndAll();
    EXPECT_EQ(life.record.state, InstanceState::kRunning);
    EXPECT_EQ(life.record.boot_id, "boot-2");
    EXPECT_EQ(life.record.boot_count, 1);
    EXPECT_EQ(life.operation->steps[0].attempts, 1);
  }
}

TEST(LifecycleGuestTest, AGuestThatGoesBeforeItRunsInTheSameBootIsNot) {
  Life life;
  while (life.Step() != StepKind::kVerify) life.End();
  life.End({StatusCode::kFailedPrecondition, "", "the guest is off"});
  life.EndAll();
  EXPECT_EQ(life.record.state, InstanceState::kTerminated);
}

TEST(LifecycleGuestTest, AGuestThatVanishedWithItsDefinitionIsStoppedNotTerminated) {
  Life life = RunningLife();
  ASSERT_TRUE(life.Feed(GuestObserved{}).ok());
  EXPECT_EQ(life.record.state, InstanceState::kStopped);
}

TEST(LifecycleGuestTest, AStoppedInstanceStartedFromOutsideIsStoppedAgain) {
  Life life = StoppedLife();
  ASSERT_TRUE(life.Feed(GuestObserved{.defined = true, .power = Power::kRunning}).ok());
  EXPECT_EQ(life.record.state, InstanceState::kStopping);
  EXPECT_EQ(life.Step(), StepKind::kDestroy);
}

TEST(LifecycleGuestTest, ARunningGuestSeenRunningIsNotWrittenEachTime) {
  Life life = RunningLife();
  const GuestObserved running{.defined = true, .power = Power::kRunning};
  EXPECT_FALSE(life.Feed(running).value().changed);
  life.now += std::chrono::minutes(6);
  EXPECT_TRUE(life.Feed(running).value().changed);
  EXPECT_EQ(life.record.observed_time, life.now);
}

}  // namespace
}  // namespace berth
