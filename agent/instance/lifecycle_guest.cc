// SPDX-License-Identifier: Apache-2.0
// What an observation of the guest means. An observation never widens what the agent may do: a
// guest is only ended on the owner's recorded wish, or once it has crashed and never goes on.
#include <algorithm>
#include <utility>
#include <vector>

#include "agent/instance/lifecycle_draft.h"
#include "agent/instance/operation_plan.h"
#include "core/base/probe.h"
#include "core/model/state_reasons.h"

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

// The state stays: a guest that runs keeps the disk it has open until it goes off, and only its
// owner ends it.
void DiskObserved(Draft& draft, bool missing) {
  const model::InstanceRecord& record = draft.record();
  if (missing == (record.state_reason.code == state_reasons::kDiskMissing)) return;
  if (!missing) {
    BERTH_PROBE("a missing disk is back");
    draft.edit().state_reason = {};
    return;
  }
  BERTH_PROBE("a disk is missing");
  draft.edit().state_reason = {state_reasons::kDiskMissing,
                               record.state == InstanceState::kRunning
                                   ? "its root disk was removed from outside Berth, and what is on "
                                     "it is lost when the guest goes off: save it from inside"
                                   : "its root disk was removed from outside Berth"};
}

// Why a guest is off that was not shut down from inside.
model::StateReason ReasonFor(const GuestObserved& observed, bool host_rebooted) {
  if (host_rebooted) return {state_reasons::kHostRebooted, "the host was restarted"};
  if (!observed.defined)
    return {state_reasons::kGuestUndefined, "removed from the hypervisor from outside Berth"};
  switch (observed.off_reason) {
    case OffReason::kDestroyed:
      return {state_reasons::kGuestDestroyed, "ended from outside Berth"};
    case OffReason::kCrashed:
    case OffReason::kFailed:
      return {state_reasons::kGuestKilled, "the hypervisor process died"};
    case OffReason::kGuestShutdown:
    case OffReason::kUnknown:
      break;
  }
  return {state_reasons::kShutdownUnexplained, "found off; nothing proves why"};
}

// What went without anybody's wish is started again, unless that was so too often.
bool StartAgain(Draft& draft, const model::StateReason& reason) {
  const WallTime now = draft.context().now;
  std::vector<WallTime> recent = draft.record().recoveries;
  std::erase_if(recent,
                [now](WallTime time) { return time + kRecoveriesCounted <= now || time > now; });
  if (recent.size() >= kRecoveriesMax) {
    BERTH_PROBE("a guest that is lost too often is not started again");
    return false;
  }
  BERTH_PROBE("a guest that is lost is started again");
  const Duration back_off = kRecoveryBackOff * (1 << recent.size());
  recent.push_back(now);
  draft.edit().recoveries = std::move(recent);
  draft.edit().state = InstanceState::kPending;
  draft.edit().state_reason = reason;
  draft.Begin(OperationKind::kStart, {.after_crash = true, .grace = back_off});
  return true;
}

// Its owner has wished nothing, so the intent stays.
void GuestCrashed(Draft& draft) {
  const model::StateReason reason = {state_reasons::kGuestCrashed,
                                     "the guest panicked, or its watchdog fired"};
  const model::CrashBehavior behavior = draft.record().spec.crash_behavior;
  if (behavior == model::CrashBehavior::kRestart && StartAgain(draft, reason)) return;
  BERTH_PROBE("a guest that crashed is stopped");
  const bool dump = behavior == model::CrashBehavior::kDumpAndStop;
  draft.edit().state = InstanceState::kStopping;
  draft.edit().state_reason = reason;
  draft.Begin(OperationKind::kStop, {.force = !dump, .after_crash = dump});
}

// A shutdown from inside is the owner's wish only where nothing else can have caused it: the same
// boot of the host as when the guest was started, the host not going down, and no verb of ours in
// flight (then this is not reached).
void GuestShutItselfDown(Draft& draft) {
  const model::StateReason reason = {state_reasons::kInstanceInitiatedShutdown,
                                     "shut down from inside the guest"};
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
  const model::StateReason reason = ReasonFor(observed, host_rebooted);
  if (draft.record().spec.auto_recover && StartAgain(draft, reason)) return;
  BERTH_PROBE("a guest is lost");
  draft.Settle(InstanceState::kStopped, reason);
}

void WhileOperating(Draft& draft, const GuestObserved& observed) {
  if (observed.power != Power::kOff && !observed.crashed) return;
  // One that has crashed hears nothing any more.
  if (ActiveStepKind(draft) == StepKind::kAwaitShutdown) return Advance(draft);
  if (draft.active()->kind != OperationKind::kReboot) return;
  if (observed.crashed) return GuestCrashed(draft);
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
  if (record.state == InstanceState::kRunning && observed.crashed) return GuestCrashed(draft);
  const bool off = !observed.defined || observed.power == Power::kOff;
  if (record.state == InstanceState::kRunning && off) return RunningGuestIsOff(draft, observed);
  // Started by someone else although its owner wants it stopped: the record is the evidence.
  if (record.state == InstanceState::kStopped && !off && record.intent == Intent::kStopped) {
    BERTH_PROBE("a guest that somebody started is stopped again");
    draft.edit().state = InstanceState::kStopping;
    draft.Begin(OperationKind::kStop, true, Duration(0));
    return;
  }
  if (observed.disk_missing) DiskObserved(draft, *observed.disk_missing);
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
