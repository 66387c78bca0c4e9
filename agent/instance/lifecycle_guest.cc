// SPDX-License-Identifier: Apache-2.0
// What an observation of the guest means. An observation never widens what the agent may do: a
// guest is only ended on the owner's recorded wish.
#include "agent/instance/lifecycle_draft.h"
#include "agent/instance/operation_plan.h"
#include "core/base/probe.h"

namespace berth::lifecycle {
namespace {

using model::InstanceState;
using model::Intent;
using model::OperationKind;
using model::OperationState;
using model::StepKind;

// An observation alone is worth a write only this often; it says when the state was last confirmed.
constexpr Duration kConfirmEvery = std::chrono::minutes(5);

std::optional<StepKind> ActiveStepKind(const Draft& draft) {
  if (draft.active() == nullptr) return std::nullopt;
  return draft.active()->steps[*ActiveStep(*draft.active())].kind;
}

void Confirm(Draft& draft, const GuestObserved& observed) {
  const model::InstanceRecord& record = draft.record();
  const bool recent = draft.context().now < record.observed_time + kConfirmEvery;
  const bool same_process = observed.pid == 0 || observed.pid == record.guest_pid;
  if (record.reachable && recent && same_process) return;
  if (!same_process) draft.edit().guest_pid = observed.pid;
  draft.edit().reachable = true;
  draft.edit().observed_time = draft.context().now;
}

// Why a guest is off that was not shut down from inside.
model::StateReason ReasonFor(const GuestObserved& observed, bool host_rebooted) {
  if (host_rebooted) return {kHostRebooted, "the host was restarted"};
  if (!observed.defined) return {kGuestUndefined, "removed from the hypervisor from outside Berth"};
  switch (observed.off_reason) {
    case OffReason::kDestroyed:
      return {kGuestDestroyed, "ended from outside Berth"};
    case OffReason::kCrashed:
    case OffReason::kFailed:
      return {kGuestKilled, "the hypervisor process died"};
    case OffReason::kGuestShutdown:
    case OffReason::kUnknown:
      break;
  }
  return {kShutdownUnexplained, "found off; nothing proves why"};
}

// A shutdown from inside is the owner's wish only where nothing else can have caused it: the same
// boot of the host as when the guest was started, the host not going down, and no verb of ours in
// flight (then this is not reached).
void GuestShutItselfDown(Draft& draft) {
  const model::StateReason reason = {kInstanceInitiatedShutdown, "shut down from inside the guest"};
  if (draft.record().spec.shutdown_behavior == model::ShutdownBehavior::kTerminate) {
    BERTH_PROBE("a shutdown from inside terminates");
    draft.SetIntent(Intent::kTerminated);
    draft.edit().state = InstanceState::kShuttingDown;
    draft.edit().state_reason = reason;
    draft.Begin(OperationKind::kTerminate, true, Duration(0));
    return;
  }
  draft.SetIntent(Intent::kStopped);
  draft.Settle(InstanceState::kStopped, reason);
}

void RunningGuestIsOff(Draft& draft, const GuestObserved& observed) {
  // Whoever takes the host down shuts its guests down first. The next boot judges.
  if (draft.context().host_going_down) return;
  const bool host_rebooted = draft.record().boot_id != draft.context().boot_id;
  if (observed.defined && observed.off_reason == OffReason::kGuestShutdown && !host_rebooted)
    return GuestShutItselfDown(draft);
  if (host_rebooted && draft.record().spec.autostart) {
    BERTH_PROBE("an instance is started again after a reboot of the host");
    draft.edit().state = InstanceState::kPending;
    draft.Begin(OperationKind::kStart, false, Duration(0));
    return;
  }
  BERTH_PROBE("a guest is lost");
  draft.Settle(InstanceState::kStopped, ReasonFor(observed, host_rebooted));
}

void WhileOperating(Draft& draft, const GuestObserved& observed) {
  if (observed.power != Power::kOff) return;
  if (ActiveStepKind(draft) == StepKind::kAwaitShutdown) return Advance(draft);
  if (draft.active()->kind != OperationKind::kReboot) return;
  BERTH_PROBE("a guest goes off instead of rebooting");
  RunningGuestIsOff(draft, observed);
  if (draft.active() != nullptr && draft.active()->kind == OperationKind::kReboot)
    draft.CutShort(OperationState::kFailed,
                   {StatusCode::kAborted, "", "the guest went off instead of rebooting"});
}

}  // namespace

void OnGuestObserved(Draft& draft, const GuestObserved& observed) {
  const model::InstanceRecord& record = draft.record();
  if (record.state == InstanceState::kTerminated) return;
  if (draft.active() != nullptr) return WhileOperating(draft, observed);
  const bool off = !observed.defined || observed.power == Power::kOff;
  if (record.state == InstanceState::kRunning && off) return RunningGuestIsOff(draft, observed);
  // Started by someone else although its owner wants it stopped: the record is the evidence.
  if (record.state == InstanceState::kStopped && !off && record.intent == Intent::kStopped) {
    BERTH_PROBE("a guest that somebody started is stopped again");
    draft.edit().state = InstanceState::kStopping;
    draft.Begin(OperationKind::kStop, true, Duration(0));
    return;
  }
  Confirm(draft, observed);
}

// A guest may obey before it is known that it was asked.
void OnGuestRebooted(Draft& draft) {
  if (draft.record().state != InstanceState::kRunning) return;
  draft.edit().boot_count += 1;
  const auto step = ActiveStepKind(draft);
  if (step != StepKind::kAskReboot && step != StepKind::kAwaitReboot) return;
  if (step == StepKind::kAskReboot) BERTH_PROBE("a guest reboots before it is known to be asked");
  model::Operation& operation = draft.edit_operation();
  const size_t active = *ActiveStep(operation);
  operation.steps[active].state = model::StepState::kDone;
  operation.steps[active].ended = draft.context().now;
  // The reset that would force it is not needed.
  for (size_t i = active + 1; i < operation.steps.size(); ++i)
    operation.steps[i].state = model::StepState::kSkipped;
  draft.EndOperation(OperationState::kSucceeded);
  draft.Settle(InstanceState::kRunning, {});
}

}  // namespace berth::lifecycle
