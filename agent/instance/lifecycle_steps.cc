// SPDX-License-Identifier: Apache-2.0
// How the outcome of a step moves its operation, and the end of an operation its instance.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "agent/instance/lifecycle_draft.h"
#include "agent/instance/operation_plan.h"
#include "core/base/check.h"
#include "core/base/probe.h"
#include "core/base/reasons.h"
#include "core/model/names.h"
#include "core/model/state_reasons.h"
#include "core/model/step.h"

namespace berth::lifecycle {
namespace {

using model::InstanceState;
using model::Intent;
using model::OperationKind;
using model::OperationState;
using model::Step;
using model::StepKind;
using model::StepState;

bool Names(const StepEnded& ended, const model::Operation& operation) {
  const std::optional<size_t> active = ActiveStep(operation);
  return ended.operation_id == operation.id && active && *active == ended.step &&
         operation.steps[*active].attempts == ended.attempt;
}

// The code that EC2 gives to a launch that failed for such an error.
model::StateReason LaunchFailure(const model::Error& error) {
  if (error.reason == reasons::kOperationCancelled)
    return {state_reasons::kUserInitiatedShutdown, "cancelled by request"};
  switch (error.code) {
    case StatusCode::kResourceExhausted:
      return {error.reason == reasons::kStorageFull ? state_reasons::kStorageFull
                                                    : state_reasons::kInsufficientInstanceCapacity,
              error.message};
    case StatusCode::kInvalidArgument:
    case StatusCode::kNotFound:
      return {state_reasons::kClientInternalError, error.message};
    default:
      return {state_reasons::kServerInternalError, error.message};
  }
}

void Succeed(Draft& draft) {
  const OperationKind kind = draft.active()->kind;
  draft.EndOperation(OperationState::kSucceeded);
  switch (kind) {
    case OperationKind::kCreate:
    case OperationKind::kStart:
      draft.edit().boot_count += 1;
      draft.Settle(InstanceState::kRunning, {});
      return;
    case OperationKind::kStop:
      draft.Settle(InstanceState::kStopped, draft.record().state_reason);
      return;
    case OperationKind::kReboot:
      draft.Settle(InstanceState::kRunning, {});
      return;
    case OperationKind::kTerminate:
      draft.Settle(InstanceState::kTerminated, draft.record().state_reason);
      return;
    case OperationKind::kResize:
      draft.EndResize(true);
      draft.Settle(InstanceState::kStopped, draft.record().state_reason);
      return;
    case OperationKind::kPullImage:
    case OperationKind::kImportImage:
      Fatal(__FILE__, __LINE__, "an operation that is no instance's", model::Name(kind));
  }
}

// Everything that was done is undone.
void Fail(Draft& draft) {
  const model::Operation& operation = *draft.active();
  const OperationKind kind = operation.kind;
  const std::string principal = operation.principal;
  const model::Error error = operation.error;
  const bool cancelled = error.reason == reasons::kOperationCancelled;
  draft.EndOperation(cancelled ? OperationState::kCancelled : OperationState::kFailed, error);
  switch (kind) {
    case OperationKind::kCreate:
      BERTH_PROBE("a create is undone");
      draft.Settle(InstanceState::kTerminated, LaunchFailure(error));
      return;
    case OperationKind::kStart:
      BERTH_PROBE("a start is undone");
      // The wish goes with its verb; what the agent began by itself was no verb.
      if (!principal.empty()) draft.SetIntent(Intent::kStopped);
      draft.Settle(InstanceState::kStopped, LaunchFailure(error));
      return;
    case OperationKind::kReboot:  // The guest is as it was; if it went off, that is observed apart.
      BERTH_PROBE("a reboot fails");
      draft.Settle(InstanceState::kRunning, draft.record().state_reason);
      return;
    case OperationKind::kResize:
      BERTH_PROBE("a resize is undone");
      draft.EndResize(false);
      draft.Settle(InstanceState::kStopped, draft.record().state_reason);
      return;
    case OperationKind::kStop:
    case OperationKind::kTerminate:
      Fatal(__FILE__, __LINE__, "an operation that never gives up gave up", operation.id);
    case OperationKind::kPullImage:
    case OperationKind::kImportImage:
      Fatal(__FILE__, __LINE__, "an operation that is no instance's", model::Name(kind));
  }
}

// Undoes the last step at or before `from` that has something to take back.
void UndoFrom(Draft& draft, size_t from) {
  model::Operation& operation = draft.edit_operation();
  operation.state = OperationState::kUndoing;
  for (size_t i = from + 1; i-- > 0;) {
    Step& step = operation.steps[i];
    if (!HasUndo(operation.kind, step.kind)) continue;
    BeginStep(step, StepState::kUndoing, draft.context().now);
    return;
  }
  Fail(draft);
}

void GiveUp(Draft& draft, size_t index, const model::Error& error) {
  model::Operation& operation = draft.edit_operation();
  Step& step = operation.steps[index];
  EndStep(step, StepState::kFailed, draft.context().now);
  operation.error = error;
  operation.error.message = fmt::format("{}: {}", model::Name(step.kind), error.message);
  UndoFrom(draft, index);
}

// Past the deadline the last error is as good as final.
bool IsOverdue(const Draft& draft) {
  const std::optional<WallTime>& deadline = draft.active()->deadline;
  return deadline && draft.context().now >= *deadline;
}

model::Error Overdue(const model::Error& error) {
  return {StatusCode::kDeadlineExceeded, reasons::kOperationDeadlineExceeded,
          fmt::format("the operation's time has run out: {}", error.message)};
}

// The guest could not even be asked: waiting for it to obey would be in vain.
void SkipAsking(Draft& draft, size_t index) {
  BERTH_PROBE("a guest cannot be asked");
  model::Operation& operation = draft.edit_operation();
  for (size_t i = index; i < operation.steps.size(); ++i) {
    Step& step = operation.steps[i];
    if (!IsOptional(step.kind) && !IsAwait(step.kind)) {
      BeginStep(step, StepState::kRunning, draft.context().now);
      return;
    }
    EndStep(step, StepState::kSkipped, draft.context().now);
  }
  Fatal(__FILE__, __LINE__, "nothing follows the asking", operation.id);
}

// The guest that the operation had started went with its host; no outcome of it is to blame.
bool WentWithItsHost(const Draft& draft, const Step& step) {
  const bool started = step.kind == StepKind::kVerify || step.kind == StepKind::kResume;
  return started && step.state == StepState::kRunning &&
         draft.record().boot_id != draft.context().boot_id;
}

// Back to the definition, which may have been lost with the power.
void StartOnceMore(Draft& draft) {
  BERTH_PROBE("a guest is started once more after a reboot of the host in between");
  std::vector<Step>& steps = draft.edit_operation().steps;
  const auto define = std::find_if(steps.begin(), steps.end(),
                                   [](const Step& step) { return step.kind == StepKind::kDefine; });
  BERTH_CHECK(define != steps.end(), "what starts a guest defines it");
  for (auto step = define; step != steps.end(); ++step) {
    step->state = StepState::kPending;
    step->ended.reset();
  }
  BeginStep(*define, StepState::kRunning, draft.context().now);
}

void StepFailed(Draft& draft, size_t index, const model::Error& error) {
  model::Operation& operation = draft.edit_operation();
  Step& step = operation.steps[index];
  step.last_error = error;
  const bool undoing = step.state == StepState::kUndoing;
  if (IsOptional(step.kind)) return SkipAsking(draft, index);
  if (IsAwait(step.kind)) return Advance(draft);  // To wait in vain is an outcome as any other.
  if (WentWithItsHost(draft, step)) return StartOnceMore(draft);
  const RetryVerdict verdict = VerdictOn(step.kind, undoing, step.attempts, error.code);
  if (!verdict.retry) return GiveUp(draft, index, error);
  if (!undoing && IsOverdue(draft)) {
    BERTH_PROBE("an operation is given up at its deadline");
    return GiveUp(draft, index, Overdue(error));
  }
  if (undoing) BERTH_PROBE("an undo is tried again");
  BeginStep(step, step.state, draft.context().now);
  draft.decision().retry_after = verdict.after;
}

}  // namespace

void Cancel(Draft& draft) {
  GiveUp(draft, *ActiveStep(*draft.active()),
         {StatusCode::kCancelled, reasons::kOperationCancelled, "cancelled by request"});
}

void Advance(Draft& draft) {
  model::Operation& operation = draft.edit_operation();
  const size_t index = *ActiveStep(operation);
  const WallTime now = draft.context().now;
  if (operation.steps[index].state == StepState::kUndoing) {
    EndStep(operation.steps[index], StepState::kUndone, now);
    if (index == 0) return Fail(draft);
    return UndoFrom(draft, index - 1);
  }
  EndStep(operation.steps[index], StepState::kDone, now);
  if (operation.steps[index].kind == StepKind::kStartPaused)
    draft.edit().boot_id = draft.context().boot_id;
  if (index + 1 == operation.steps.size()) return Succeed(draft);
  BeginStep(operation.steps[index + 1], StepState::kRunning, now);
}

void OnStepEnded(Draft& draft, const StepEnded& ended) {
  if (draft.active() == nullptr || !Names(ended, *draft.active())) {
    BERTH_PROBE("an outcome that nobody waits for is dropped");
    return;
  }
  if (!ended.error.ok()) return StepFailed(draft, ended.step, ended.error);
  if (!ended.accel.empty()) {
    draft.edit().accel = ended.accel;
    draft.edit().guest_pid = ended.guest_pid;
  }
  Advance(draft);
}

}  // namespace berth::lifecycle
