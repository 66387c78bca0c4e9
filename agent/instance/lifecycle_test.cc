// SPDX-License-Identifier: Apache-2.0
// The state machine, verb by verb and outcome by outcome. What guests do by themselves is in
// lifecycle_guest_test.cc; sequences drawn at random are judged in lifecycle_property_test.cc.
#include "agent/instance/lifecycle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/instance/lifecycle_fixture.h"
#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth {
namespace {

using model::InstanceState;
using model::Intent;
using model::OperationKind;
using model::OperationState;
using model::StepKind;
using model::StepState;

TEST(LifecycleTest, CreateRunsItsStepsInOrderAndEndsRunning) {
  Life life;
  std::vector<StepKind> ran;
  while (!life.operation->final()) {
    ran.push_back(life.Step());
    life.End();
  }
  EXPECT_THAT(
      ran, testing::ElementsAre(StepKind::kCheckImage, StepKind::kCreateDisk, StepKind::kCreateSeed,
                                StepKind::kDefine, StepKind::kStartPaused, StepKind::kVerify,
                                StepKind::kResume));
  EXPECT_EQ(life.record.state, InstanceState::kRunning);
  EXPECT_EQ(life.record.boot_count, 1);
  EXPECT_EQ(life.record.boot_id, kBoot);
  EXPECT_EQ(life.record.observed_generation, life.record.generation);
}

TEST(LifecycleTest, StateTimeIsWhenTheStateChangedAndNothingElseMovesIt) {
  Life life = RunningLife();
  const WallTime running_since = life.now;
  EXPECT_EQ(life.record.state_time, running_since);
  life.now += std::chrono::hours(1);
  ASSERT_TRUE(life.Feed(GuestObserved{.defined = true, .power = Power::kRunning})->changed);
  ASSERT_TRUE(life.Feed(GuestRebooted{})->changed);
  EXPECT_EQ(life.record.state_time, running_since);
  ASSERT_TRUE(life.Feed(StopRequested{.force = true}).ok());
  EXPECT_EQ(life.record.state_time, life.now);
}

TEST(LifecycleTest, AnOperationSaysWhoAskedForIt) {
  Life life = RunningLife();
  life.principal = "uid:1000";
  ASSERT_TRUE(life.Feed(RebootRequested{.hard = true}).ok());
  EXPECT_EQ(life.operation->principal, "uid:1000");
  EXPECT_EQ(life.operation->request_id, "wish-1");
}

TEST(LifecycleTest, AStepThatFailsForGoodIsUndoneInReverseAndTheInstanceEndsTerminated) {
  Life life;
  while (life.Step() != StepKind::kStartPaused) life.End();
  life.End({StatusCode::kResourceExhausted, "", "insufficient memory pages"});
  std::vector<StepKind> undone;
  Decision last;
  while (!life.operation->final()) {
    EXPECT_EQ(life.operation->state, OperationState::kUndoing);
    undone.push_back(life.Step());
    last = life.End();
  }
  EXPECT_THAT(undone, testing::ElementsAre(StepKind::kStartPaused, StepKind::kDefine,
                                           StepKind::kCheckImage));
  EXPECT_EQ(life.record.state, InstanceState::kTerminated);
  EXPECT_EQ(life.record.state_reason.code, "Server.InsufficientInstanceCapacity");
  EXPECT_THAT(last.release, testing::UnorderedElementsAre("c-run", "c-disk"));
}

TEST(LifecycleTest, AFullDiskIsNamedAsTheReason) {
  Life life;
  while (life.Step() != StepKind::kCreateDisk) life.End();
  life.End({StatusCode::kResourceExhausted, reasons::kStorageFull, "no space left"});
  life.EndAll();
  EXPECT_EQ(life.record.state_reason.code, "Server.StorageFull");
}

TEST(LifecycleTest, AStepThatMayYetSucceedIsBegunAgainAfterABackoff) {
  Life life;
  while (life.Step() != StepKind::kDefine) life.End();
  const Decision decision = life.End({StatusCode::kUnavailable, "", "libvirtd is away"});
  EXPECT_GT(decision.retry_after, Duration(0));
  EXPECT_EQ(life.Step(), StepKind::kDefine);
  EXPECT_EQ(life.operation->steps[3].attempts, 2);
  life.EndAll();
  EXPECT_EQ(life.record.state, InstanceState::kRunning);
}

TEST(LifecycleTest, AnUndoIsNeverGivenUp) {
  Life life;
  while (life.Step() != StepKind::kStartPaused) life.End();
  life.End({StatusCode::kInvalidArgument, "", "no such machine"});
  for (int i = 0; i < 100; ++i) life.End({StatusCode::kInternal, "", "cannot destroy"});
  EXPECT_EQ(life.operation->state, OperationState::kUndoing);
  EXPECT_EQ(life.record.state, InstanceState::kPending);
}

TEST(LifecycleTest, AnOutcomeOfAnOlderAttemptChangesNothing) {
  Life life;
  const StepEnded late{"op-1", 0, 1, {}, ""};
  ASSERT_TRUE(life.Feed(late).value().changed);
  EXPECT_FALSE(life.Feed(late).value().changed);
  EXPECT_FALSE(life.Feed(StepEnded{"op-9", 1, 1}).value().changed);
  EXPECT_FALSE(life.Feed(StepEnded{"op-1", 1, 2}).value().changed);
}

TEST(LifecycleTest, StopAsksWaitsAndThenForces) {
  Life life = RunningLife();
  ASSERT_TRUE(life.Feed(StopRequested{.grace = Duration(500)}).ok());
  EXPECT_EQ(life.record.state, InstanceState::kStopping);
  EXPECT_EQ(life.record.intent, Intent::kStopped);
  EXPECT_EQ(life.record.generation, 2);
  EXPECT_EQ(life.Step(), StepKind::kAskShutdown);
  life.End();
  EXPECT_EQ(life.Step(), StepKind::kAwaitShutdown);
  life.End();  // The grace has passed.
  EXPECT_EQ(life.Step(), StepKind::kDestroy);
  const Decision last = life.End();
  EXPECT_EQ(life.record.state, InstanceState::kStopped);
  EXPECT_EQ(life.record.state_reason.code, "Client.UserInitiatedShutdown");
  EXPECT_THAT(last.release, testing::ElementsAre("c-run"));
}

TEST(LifecycleTest, AGuestThatGoesOffEndsTheWaitAtOnce) {
  Life life = RunningLife();
  ASSERT_TRUE(life.Feed(StopRequested{.grace = Duration(500)}).ok());
  life.End();
  ASSERT_TRUE(life.Feed(Off(OffReason::kGuestShutdown)).ok());
  EXPECT_EQ(life.Step(), StepKind::kDestroy);
  life.End();
  EXPECT_EQ(life.record.state, InstanceState::kStopped);
}

TEST(LifecycleTest, AGuestThatCannotBeAskedIsForcedWithoutWaiting) {
  Life life = RunningLife();
  ASSERT_TRUE(life.Feed(StopRequested{.grace = Duration(500)}).ok());
  life.End({StatusCode::kUnavailable, "", "no agent"});
  EXPECT_EQ(life.Step(), StepKind::kDestroy);
}

TEST(LifecycleTest, AForcedStopOvertakesAPatientOne) {
  Life life = RunningLife();
  ASSERT_TRUE(life.Feed(StopRequested{.grace = Duration(500)}).ok());
  const std::string patient = life.operation->id;
  const Decision decision = life.Feed(StopRequested{.force = true}).value();
  ASSERT_TRUE(decision.superseded);
  EXPECT_EQ(decision.superseded->id, patient);
  EXPECT_EQ(decision.superseded->state, OperationState::kCancelled);
  EXPECT_EQ(life.Step(), StepKind::kDestroy);
  EXPECT_EQ(life.record.generation, 2) << "the intent is the same";
}

TEST(LifecycleTest, TerminateOvertakesACreateUnderWay) {
  Life life;
  life.End();
  ASSERT_TRUE(life.Feed(TerminateRequested{}).ok());
  EXPECT_EQ(life.record.state, InstanceState::kShuttingDown);
  Decision last;
  std::vector<StepKind> ran;
  while (!life.operation->final()) {
    ran.push_back(life.Step());
    last = life.End();
  }
  EXPECT_THAT(
      ran, testing::ElementsAre(StepKind::kDestroy, StepKind::kUndefine, StepKind::kDeleteFiles));
  EXPECT_EQ(life.record.state, InstanceState::kTerminated);
  EXPECT_THAT(last.release, testing::UnorderedElementsAre("c-run", "c-disk"));
  EXPECT_TRUE(life.record.terminated.has_value());
}

TEST(LifecycleTest, AStoppedInstanceStartsWithAClaimOfItsOwnAndANewGeneration) {
  Life life = StoppedLife();
  const Decision decision = life.Feed(StartRequested{}).value();
  EXPECT_TRUE(decision.acquire_run_claim);
  EXPECT_EQ(life.record.state, InstanceState::kPending);
  EXPECT_EQ(life.record.generation, 3);
  life.EndAll();
  EXPECT_EQ(life.record.state, InstanceState::kRunning);
  EXPECT_EQ(life.record.boot_count, 2);
}

TEST(LifecycleTest, AStartThatFailsLeavesTheInstanceStoppedWithItsDisk) {
  Life life = StoppedLife();
  ASSERT_TRUE(life.Feed(StartRequested{}).ok());
  const Decision decision = life.End({StatusCode::kNotFound, "IMAGE_NOT_FOUND", "kernel is gone"});
  EXPECT_EQ(life.record.state, InstanceState::kStopped);
  EXPECT_EQ(life.record.state_reason.code, "Client.InternalError");
  EXPECT_THAT(decision.release, testing::ElementsAre("c-again"));
  EXPECT_EQ(life.record.intent, Intent::kStopped);
  EXPECT_EQ(life.record.observed_generation, life.record.generation);
}

TEST(LifecycleTest, AStartOfTheAgentsOwnThatFailsLeavesTheWishOfTheOwner) {
  Life life = RunningLife();
  life.record.spec.autostart = true;
  life.record.boot_id = "an earlier boot";
  life.principal = "";
  ASSERT_TRUE(life.Feed(GuestObserved{.defined = true, .power = Power::kOff}).ok());
  ASSERT_EQ(life.operation->kind, OperationKind::kStart);
  life.End({StatusCode::kNotFound, "IMAGE_NOT_FOUND", "kernel is gone"});
  EXPECT_EQ(life.record.state, InstanceState::kStopped);
  EXPECT_EQ(life.record.intent, Intent::kRunning);
}

TEST(LifecycleTest, ARebootNeverLeavesRunning) {
  Life life = RunningLife();
  ASSERT_TRUE(life.Feed(RebootRequested{.grace = Duration(100)}).ok());
  EXPECT_EQ(life.record.generation, 1);
  while (!life.operation->final()) {
    EXPECT_EQ(life.record.state, InstanceState::kRunning);
    life.End();
  }
  EXPECT_EQ(life.record.state, InstanceState::kRunning);
}

TEST(LifecycleTest, AGuestThatRebootsWhenAskedIsNotResetAsWell) {
  Life life = RunningLife();
  ASSERT_TRUE(life.Feed(RebootRequested{.grace = Duration(100)}).ok());
  life.End();
  ASSERT_TRUE(life.Feed(GuestRebooted{}).ok());
  EXPECT_EQ(life.operation->state, OperationState::kSucceeded);
  EXPECT_EQ(life.operation->steps.back().state, StepState::kSkipped);
  EXPECT_EQ(life.record.boot_count, 2);
}

TEST(LifecycleTest, AGuestMayRebootBeforeItIsKnownThatItWasAsked) {
  Life life = RunningLife();
  ASSERT_TRUE(life.Feed(RebootRequested{.grace = Duration(100)}).ok());
  const StepEnded asked{life.operation->id, 0, 1};
  ASSERT_TRUE(life.Feed(GuestRebooted{}).ok());
  EXPECT_EQ(life.operation->state, OperationState::kSucceeded);
  EXPECT_EQ(life.operation->steps[1].state, StepState::kSkipped);
  EXPECT_FALSE(life.Feed(asked).value().changed);
}

TEST(LifecycleTest, AGuestThatGoesOffInsteadOfRebootingEndsTheReboot) {
  Life life = RunningLife();
  ASSERT_TRUE(life.Feed(RebootRequested{.grace = Duration(100)}).ok());
  life.End();
  ASSERT_TRUE(life.Feed(Off(OffReason::kCrashed)).ok());
  EXPECT_EQ(life.record.state, InstanceState::kStopped);
  EXPECT_EQ(life.operation->state, OperationState::kFailed);
  EXPECT_EQ(life.operation->steps[1].state, StepState::kFailed);
}

TEST(LifecycleTest, VerbsThatAskForWhatIsSoChangeNothing) {
  EXPECT_FALSE(RunningLife().Feed(StartRequested{}).value().changed);
  EXPECT_FALSE(StoppedLife().Feed(StopRequested{}).value().changed);
  Life life = RunningLife();
  ASSERT_TRUE(life.Feed(TerminateRequested{}).ok());
  EXPECT_FALSE(life.Feed(TerminateRequested{}).value().changed);
  life.EndAll();
  EXPECT_FALSE(life.Feed(TerminateRequested{}).value().changed);
}

TEST(LifecycleTest, VerbsInTheWrongStateNameTheStateAndWhatIsAllowed) {
  Life pending;
  const Status stop = pending.Feed(StopRequested{}).status();
  EXPECT_EQ(stop.code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(stop), reasons::kIncorrectInstanceState);
  EXPECT_THAT(std::string(stop.message()), testing::HasSubstr("PENDING"));
  EXPECT_FALSE(pending.Feed(RebootRequested{}).ok());
  EXPECT_FALSE(StoppedLife().Feed(RebootRequested{}).ok());
  Life gone = RunningLife();
  ASSERT_TRUE(gone.Feed(TerminateRequested{}).ok());
  gone.EndAll();
  for (const LifecycleEvent& verb :
       std::vector<LifecycleEvent>{StartRequested{}, StopRequested{}, RebootRequested{}})
    EXPECT_EQ(gone.Feed(verb).status().code(), StatusCode::kFailedPrecondition);
}

// 2 vCPUs instead of the one it has.
ResizeRequested ToTwoVcpus() { return {"m1.large", {.vcpus = 2, .memory_mib = 512}}; }

TEST(LifecycleTest, AResizeHoldsBothClaimsUntilItHasEnded) {
  Life life = StoppedLife();
  life.record.spec.shape = {.vcpus = 1, .memory_mib = 256, .reserve_when_stopped = true};
  life.record.run_claim_id = "c-kept";
  const Decision begun = life.Feed(ToTwoVcpus()).value();
  EXPECT_TRUE(begun.acquire_run_claim);
  EXPECT_THAT(begun.release, testing::IsEmpty());
  EXPECT_EQ(life.record.state, InstanceState::kStopped);
  EXPECT_EQ(life.record.spec.shape.vcpus, 2);
  EXPECT_EQ(life.record.generation, 3);
  EXPECT_EQ(life.record.resized_from->run_claim_id, "c-kept");
  EXPECT_EQ(life.Step(), StepKind::kDefine);
  const Decision ended = life.End();
  EXPECT_THAT(ended.release, testing::UnorderedElementsAre("c-kept", "c-again"))
      << "the new shape holds nothing while it is stopped";
  EXPECT_FALSE(life.record.resized_from);
  EXPECT_EQ(life.record.observed_generation, 3);
}

TEST(LifecycleTest, AResizeThatFailsOrIsCancelledGivesBackTheOldShape) {
  for (const bool cancel : {false, true}) {
    Life life = StoppedLife();
    life.record.spec.instance_type = "m1.small";
    life.record.spec.shape = {.vcpus = 1, .memory_mib = 256, .reserve_when_stopped = true};
    life.record.run_claim_id = "c-kept";
    ASSERT_TRUE(life.Feed(ToTwoVcpus()).ok());
    if (cancel)
      ASSERT_TRUE(life.Feed(CancelRequested{})->changed);
    else
      life.End({StatusCode::kInvalidArgument, "", "no such CPU"});
    EXPECT_EQ(life.operation->state, OperationState::kUndoing);
    EXPECT_EQ(life.record.spec.shape.vcpus, 2) << "as long as the new definition may be there";
    const Decision ended = life.End();
    EXPECT_THAT(ended.release, testing::ElementsAre("c-again"));
    EXPECT_EQ(life.record.run_claim_id, "c-kept");
    EXPECT_EQ(life.record.spec.instance_type, "m1.small");
    EXPECT_EQ(life.record.spec.shape.vcpus, 1);
    EXPECT_EQ(life.record.generation, 4) << "the spec has changed once more";
    EXPECT_EQ(life.record.observed_generation, 4);
    EXPECT_EQ(life.operation->state, cancel ? OperationState::kCancelled : OperationState::kFailed);
  }
}

TEST(LifecycleTest, NothingButATerminateOvertakesAResize) {
  Life life = StoppedLife();
  ASSERT_TRUE(life.Feed(ToTwoVcpus()).ok());
  EXPECT_EQ(ReasonOf(life.Feed(StartRequested{}).status()), reasons::kOperationInProgress);
  EXPECT_EQ(ReasonOf(life.Feed(ToTwoVcpus()).status()), reasons::kOperationInProgress);
  EXPECT_FALSE(life.Feed(GuestObserved{.defined = true, .power = Power::kRunning})->changed);
  ASSERT_TRUE(life.Feed(TerminateRequested{}).ok());
  life.EndAll();
  EXPECT_EQ(life.record.state, InstanceState::kTerminated);
  EXPECT_FALSE(life.record.resized_from);
}

TEST(LifecycleTest, AnUpdateIsANewGenerationAndNothingElse) {
  Life life = RunningLife();
  const UpdateRequested update{{.tags = {{{"tier", "gold"}}}, .termination_protection = true}};
  ASSERT_TRUE(life.Feed(update)->changed);
  EXPECT_EQ(life.record.spec.tags.at("tier"), "gold");
  EXPECT_TRUE(life.record.spec.termination_protection);
  EXPECT_EQ(life.record.generation, 2);
  EXPECT_EQ(life.record.observed_generation, 2) << "there is nothing to be done for it";
  EXPECT_FALSE(life.Feed(update)->changed) << "it is so already";

  Life starting;
  ASSERT_TRUE(starting.Feed(update)->changed);
  EXPECT_EQ(starting.record.observed_generation, 0) << "what was begun has not ended";
  starting.EndAll();
  EXPECT_EQ(starting.record.observed_generation, 2);

  ASSERT_TRUE(life.Feed(TerminateRequested{}).ok());
  EXPECT_EQ(ReasonOf(life.Feed(update).status()), reasons::kIncorrectInstanceState);
}

TEST(LifecycleTest, ACancelledCreateIsUndoneAndEndsTerminated) {
  Life life;
  while (life.Step() != StepKind::kStartPaused) life.End();
  ASSERT_TRUE(life.Feed(CancelRequested{})->changed);
  EXPECT_EQ(life.record.intent, Intent::kTerminated);
  EXPECT_FALSE(life.Feed(CancelRequested{})->changed) << "it is being undone already";
  EXPECT_EQ(life.Step(), StepKind::kStartPaused);
  Decision last;
  while (!life.operation->final()) last = life.End();
  EXPECT_EQ(life.operation->state, OperationState::kCancelled);
  EXPECT_EQ(life.operation->error.reason, reasons::kOperationCancelled);
  EXPECT_EQ(life.record.state, InstanceState::kTerminated);
  EXPECT_EQ(life.record.state_reason.code, "Client.UserInitiatedShutdown");
  EXPECT_THAT(last.release, testing::UnorderedElementsAre("c-run", "c-disk"));
}

TEST(LifecycleTest, ACancelledStartLeavesTheInstanceStopped) {
  Life life = StoppedLife();
  ASSERT_TRUE(life.Feed(StartRequested{}).ok());
  while (life.Step() != StepKind::kVerify) life.End();
  ASSERT_TRUE(life.Feed(CancelRequested{}).ok());
  life.EndAll();
  EXPECT_EQ(life.operation->state, OperationState::kCancelled);
  EXPECT_EQ(life.record.state, InstanceState::kStopped);
  EXPECT_EQ(life.record.intent, Intent::kStopped);
  EXPECT_EQ(life.record.state_reason.code, "Client.UserInitiatedShutdown");
}

TEST(LifecycleTest, WhatEndsAGuestCannotBeCancelled) {
  for (const LifecycleEvent& verb :
       std::vector<LifecycleEvent>{StopRequested{}, RebootRequested{}, TerminateRequested{}}) {
    Life life = RunningLife();
    ASSERT_TRUE(life.Feed(verb).ok());
    EXPECT_EQ(ReasonOf(life.Feed(CancelRequested{}).status()), reasons::kOperationNotCancellable);
  }
  EXPECT_FALSE(RunningLife().Feed(CancelRequested{})->changed) << "nothing goes on";
}

TEST(LifecycleTest, PastItsDeadlineAStepThatFailsIsUndoneInsteadOfBegunAgain) {
  Life life;
  while (life.Step() != StepKind::kDefine) life.End();
  life.now = *life.operation->deadline;
  life.End({StatusCode::kUnavailable, "", "libvirtd is away"});
  EXPECT_EQ(life.operation->state, OperationState::kUndoing);
  EXPECT_EQ(life.operation->error.reason, reasons::kOperationDeadlineExceeded);
  life.End({StatusCode::kUnavailable, "", "libvirtd is away"});
  EXPECT_EQ(life.operation->state, OperationState::kUndoing) << "an undo has no deadline";
}

TEST(LifecycleTest, ATerminateThatAsksFirstWaitsAsAStopDoes) {
  Life life = RunningLife();
  ASSERT_TRUE(life.Feed(TerminateRequested{.grace = Duration(500)}).ok());
  EXPECT_EQ(life.record.state, InstanceState::kShuttingDown);
  life.End();
  EXPECT_EQ(life.Step(), StepKind::kAwaitShutdown);
  ASSERT_TRUE(life.Feed(Off(OffReason::kGuestShutdown)).ok());
  EXPECT_EQ(life.Step(), StepKind::kDestroy);
  life.EndAll();
  EXPECT_EQ(life.record.state, InstanceState::kTerminated);

  Life hurried = RunningLife();
  ASSERT_TRUE(hurried.Feed(TerminateRequested{.grace = Duration(500)}).ok());
  ASSERT_TRUE(hurried.Feed(TerminateRequested{})->superseded);
  EXPECT_EQ(hurried.Step(), StepKind::kDestroy);
  EXPECT_FALSE(hurried.Feed(TerminateRequested{})->changed);

  Life stopped = StoppedLife();
  ASSERT_TRUE(stopped.Feed(TerminateRequested{.grace = Duration(500)}).ok());
  EXPECT_EQ(stopped.Step(), StepKind::kDestroy) << "nobody is there to be asked";
}

TEST(LifecycleTest, AnInterruptNeedsARunningInstanceAndChangesNothing) {
  EXPECT_FALSE(RunningLife().Feed(InterruptRequested{})->changed);
  const Status status = StoppedLife().Feed(InterruptRequested{}).status();
  EXPECT_EQ(ReasonOf(status), reasons::kIncorrectInstanceState);
  EXPECT_EQ(DetailsOf(status).metadata.at("allowed_states"), "RUNNING");
}

TEST(LifecycleTest, TheEtagChangesWithStateAndGeneration) {
  Life life = RunningLife();
  const std::string running = EtagOf(life.record);
  ASSERT_TRUE(life.Feed(StopRequested{.force = true}).ok());
  const std::string stopping = EtagOf(life.record);
  life.EndAll();
  EXPECT_NE(running, stopping);
  EXPECT_NE(stopping, EtagOf(life.record));
}

}  // namespace
}  // namespace berth
