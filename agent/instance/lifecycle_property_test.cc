// SPDX-License-Identifier: Apache-2.0
// The invariants of lifecycle.h over event sequences drawn at random.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "agent/instance/lifecycle.h"
#include "agent/instance/operation_plan.h"

namespace berth {
namespace {

using model::InstanceState;
using model::Intent;
using model::StepKind;
using model::StepState;

constexpr char kId[] = "i-0123456789abcdef0";

rc::Gen<StatusCode> AnyOutcome() {
  return rc::gen::element(StatusCode::kOk, StatusCode::kOk, StatusCode::kOk, StatusCode::kOk,
                          StatusCode::kUnavailable, StatusCode::kInternal,
                          StatusCode::kInvalidArgument, StatusCode::kResourceExhausted,
                          StatusCode::kDeadlineExceeded, StatusCode::kFailedPrecondition);
}

// An outcome of the step that runs, or now and then of one that does not.
StepEnded DrawOutcome(const model::Operation& operation) {
  StepEnded ended{operation.id, *rc::gen::inRange<size_t>(0, operation.steps.size()), 1, {}, ""};
  if (const auto active = ActiveStep(operation); active && *rc::gen::inRange(0, 8) != 0) {
    ended.step = *active;
    ended.attempt = operation.steps[*active].attempts;
  }
  ended.error.code = *AnyOutcome();
  return ended;
}

GuestObserved DrawObservation() {
  return {.defined = *rc::gen::arbitrary<bool>(),
          .power = *rc::gen::element(Power::kOff, Power::kRunning, Power::kPaused),
          .off_reason = *rc::gen::element(OffReason::kUnknown, OffReason::kGuestShutdown,
                                          OffReason::kDestroyed, OffReason::kCrashed),
          .at_recovery = *rc::gen::arbitrary<bool>()};
}

LifecycleEvent DrawEvent(const model::Operation& operation) {
  switch (*rc::gen::inRange(0, 20)) {
    case 0:
      return StartRequested{};
    case 1:
      return StopRequested{.force = *rc::gen::arbitrary<bool>(), .grace = Duration(100)};
    case 2:
      return RebootRequested{.hard = *rc::gen::arbitrary<bool>(), .grace = Duration(100)};
    case 3:
      return TerminateRequested{.grace = Duration(*rc::gen::element(0, 100))};
    case 16:
      return ResizeRequested{"", {.vcpus = 2, .memory_mib = 512}};
    case 17:
      return UpdateRequested{{.autostart = *rc::gen::arbitrary<bool>()}};
    case 18:
      return CancelRequested{};
    case 19:
      return InterruptRequested{};
    case 4:
    case 5:
      return DrawObservation();
    case 6:
      return GuestRebooted{};
    default:
      return DrawOutcome(operation);
  }
}

bool IsVerb(const LifecycleEvent& event) {
  return !std::holds_alternative<StepEnded>(event) &&
         !std::holds_alternative<GuestObserved>(event) &&
         !std::holds_alternative<GuestRebooted>(event);
}

size_t ActiveSteps(const model::Operation& operation) {
  return static_cast<size_t>(
      std::count_if(operation.steps.begin(), operation.steps.end(), [](const model::Step& step) {
        return step.state == StepState::kRunning || step.state == StepState::kUndoing;
      }));
}

void CheckOperation(const model::Operation& operation) {
  RC_ASSERT(ActiveSteps(operation) == (operation.final() ? 0u : 1u));
  RC_ASSERT(operation.final() == operation.ended.has_value());
}

// Invariant 6: what ends a guest is wished for, or undoes a start.
void CheckEndsOnlyWhatIsToEnd(const model::InstanceRecord& record,
                              const model::Operation& operation) {
  const auto active = ActiveStep(operation);
  if (!active) return;
  const model::Step& step = operation.steps[*active];
  if (step.state == StepState::kUndoing) {
    RC_ASSERT(operation.kind == model::OperationKind::kCreate ||
              operation.kind == model::OperationKind::kStart ||
              operation.kind == model::OperationKind::kResize);
    return;
  }
  if (step.kind == StepKind::kDestroy) RC_ASSERT(record.intent != Intent::kRunning);
  if (step.kind == StepKind::kUndefine || step.kind == StepKind::kDeleteFiles)
    RC_ASSERT(record.intent == Intent::kTerminated);
}

void CheckStep(const model::InstanceRecord& before, const Decision& decision,
               const LifecycleEvent& event) {
  const model::InstanceRecord& after = decision.record;
  if (before.state == InstanceState::kTerminated) RC_ASSERT(!decision.changed);  // Invariant 3.
  RC_ASSERT(after.generation >= before.generation);
  // What was asked is of another generation exactly where it is another wish.
  RC_ASSERT((after.generation > before.generation) ==
            (after.intent != before.intent || after.spec != before.spec));
  RC_ASSERT(after.observed_generation <= after.generation);
  if (decision.acquire_run_claim) RC_ASSERT(IsVerb(event));
  if (decision.superseded) CheckOperation(*decision.superseded);
  if (decision.operation) {
    CheckOperation(*decision.operation);
    CheckEndsOnlyWhatIsToEnd(after, *decision.operation);
  }
}

// Those that it names.
std::set<std::string> ClaimsOf(const model::InstanceRecord& record) {
  std::set<std::string> claims{record.run_claim_id, record.disk_claim_id};
  if (record.resized_from) claims.insert(record.resized_from->run_claim_id);
  claims.erase("");
  return claims;
}

void CheckRest(const model::InstanceRecord& record, const model::Operation& operation) {
  const bool busy = record.state == InstanceState::kPending ||
                    record.state == InstanceState::kStopping ||
                    record.state == InstanceState::kShuttingDown;
  if (busy) RC_ASSERT(!operation.final());
  const bool resizing = !operation.final() && operation.kind == model::OperationKind::kResize;
  // A terminate that overtakes a resize takes both its claims with it.
  if (record.state != InstanceState::kShuttingDown)
    RC_ASSERT(record.resized_from.has_value() == resizing);
  if (record.state == InstanceState::kStopped) RC_ASSERT(record.run_claim_id.empty() != resizing);
  if (record.state == InstanceState::kTerminated)
    RC_ASSERT(record.run_claim_id.empty() && record.disk_claim_id.empty());
  if (record.state == InstanceState::kRunning) RC_ASSERT(!record.run_claim_id.empty());
}

RC_GTEST_PROP(LifecyclePropertyTest, EveryInvariantHoldsOverAnySequence, ()) {
  WallTime now{std::chrono::hours(1)};
  int ids = 1;
  model::InstanceRecord record;
  record.id = kId;
  record.run_claim_id = "c-run";
  record.disk_claim_id = "c-disk";
  record.operation_id = "op-1";
  record.spec.autostart = *rc::gen::arbitrary<bool>();
  record.spec.shutdown_behavior =
      *rc::gen::element(model::ShutdownBehavior::kStop, model::ShutdownBehavior::kTerminate);
  model::Operation operation = NewCreateOperation("op-1", kId, now);
  std::set<std::string> claims = ClaimsOf(record);  // That are held.
  const int length = *rc::gen::inRange(1, 80);
  for (int i = 0; i < length; ++i) {
    now += Duration(*rc::gen::inRange(1, 1000));
    const std::string boot = *rc::gen::inRange(0, 20) == 0 ? "boot-2" : "boot-1";
    const LifecycleEvent event = DrawEvent(operation);
    const auto decision =
        Decide(record, &operation, event, {now, boot, "op-" + std::to_string(++ids)});
    if (!decision.ok()) {
      RC_ASSERT(IsVerb(event));
      continue;
    }
    CheckStep(record, *decision, event);
    if (!decision->changed) continue;
    for (const std::string& claim : decision->release) RC_ASSERT(claims.erase(claim) == 1u);
    record = decision->record;
    if (decision->acquire_run_claim) {
      record.run_claim_id = "c-" + std::to_string(ids);
      claims.insert(record.run_claim_id);
    }
    RC_ASSERT(claims == ClaimsOf(record));
    if (decision->operation) operation = *decision->operation;
    CheckRest(record, operation);
  }
}

// Whatever happened before, when every step succeeds from now on, everything comes to rest.
RC_GTEST_PROP(LifecyclePropertyTest, OnceFaultsStopEveryOperationEnds, ()) {
  WallTime now{std::chrono::hours(1)};
  int ids = 1;
  model::InstanceRecord record;
  record.id = kId;
  record.run_claim_id = "c-run";
  record.operation_id = "op-1";
  model::Operation operation = NewCreateOperation("op-1", kId, now);
  const auto feed = [&](const LifecycleEvent& event) {
    const auto decision =
        Decide(record, &operation, event, {now, "boot-1", "op-" + std::to_string(++ids)});
    if (!decision.ok() || !decision->changed) return;
    record = decision->record;
    if (decision->operation) operation = *decision->operation;
  };
  const int length = *rc::gen::inRange(1, 60);
  for (int i = 0; i < length; ++i) feed(DrawEvent(operation));
  for (int i = 0; i < 20 && !operation.final(); ++i) {
    const size_t step = *ActiveStep(operation);
    feed(StepEnded{operation.id, step, operation.steps[step].attempts});
  }
  RC_ASSERT(operation.final());
}

}  // namespace
}  // namespace berth
