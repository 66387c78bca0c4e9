// SPDX-License-Identifier: Apache-2.0
#include "agent/instance/lifecycle.h"

#include <fmt/format.h>

#include "agent/instance/lifecycle_draft.h"
#include "agent/instance/operation_plan.h"
#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/reasons.h"
#include "core/model/names.h"

namespace berth {
namespace {

using lifecycle::Draft;
using model::InstanceState;
using model::Intent;
using model::OperationKind;

Status WrongState(const model::InstanceRecord& record, std::string_view verb,
                  std::string_view allowed) {
  const std::string message =
      fmt::format("{} is {}: {} {}", record.id, model::Name(record.state), verb, allowed);
  return MakeError(StatusCode::kFailedPrecondition, message,
                   {.reason = reasons::kIncorrectInstanceState,
                    .metadata = {{"instance_id", record.id},
                                 {"state", std::string(model::Name(record.state))}}});
}

Status OnStart(Draft& draft) {
  switch (draft.record().state) {
    case InstanceState::kPending:
    case InstanceState::kRunning:
      return OkStatus();
    case InstanceState::kStopped:
      break;
    case InstanceState::kStopping:
      return WrongState(draft.record(), "start", "is possible once it is STOPPED");
    case InstanceState::kShuttingDown:
    case InstanceState::kTerminated:
      return WrongState(draft.record(), "start", "needs a STOPPED instance; create a new one");
  }
  draft.SetIntent(Intent::kRunning);
  draft.edit().state = InstanceState::kPending;
  draft.edit().state_reason = {};
  draft.decision().acquire_run_claim = draft.record().run_claim_id.empty();
  draft.Begin(OperationKind::kStart, false, Duration(0));
  return OkStatus();
}

// True while the guest is still being asked; force has something to hasten then.
bool IsBeingAsked(const model::Operation* active, OperationKind kind) {
  return active != nullptr && active->kind == kind && active->steps.size() > 1;
}

Status OnStop(Draft& draft, const StopRequested& stop) {
  switch (draft.record().state) {
    case InstanceState::kStopped:
      draft.SetIntent(Intent::kStopped);
      return OkStatus();
    case InstanceState::kStopping:
      if (stop.force && IsBeingAsked(draft.active(), OperationKind::kStop))
        draft.Begin(OperationKind::kStop, true, Duration(0));
      return OkStatus();
    case InstanceState::kRunning:
      break;
    case InstanceState::kPending:
      return WrongState(draft.record(), "stop", "is possible once it is RUNNING; or terminate it");
    case InstanceState::kShuttingDown:
    case InstanceState::kTerminated:
      return WrongState(draft.record(), "stop", "needs a RUNNING instance");
  }
  draft.SetIntent(Intent::kStopped);
  draft.edit().state = InstanceState::kStopping;
  draft.edit().state_reason = {lifecycle::kUserInitiatedShutdown, "stopped by request"};
  draft.Begin(OperationKind::kStop, stop.force, stop.grace);
  return OkStatus();
}

Status OnReboot(Draft& draft, const RebootRequested& reboot) {
  if (draft.record().state != InstanceState::kRunning)
    return WrongState(draft.record(), "reboot", "needs a RUNNING instance");
  if (draft.active() != nullptr &&
      !(reboot.hard && IsBeingAsked(draft.active(), OperationKind::kReboot)))
    return OkStatus();  // It is rebooting already.
  draft.Begin(OperationKind::kReboot, reboot.hard, reboot.grace);
  return OkStatus();
}

Status OnTerminate(Draft& draft) {
  const InstanceState state = draft.record().state;
  if (state == InstanceState::kTerminated || state == InstanceState::kShuttingDown)
    return OkStatus();
  draft.SetIntent(Intent::kTerminated);
  draft.edit().state = InstanceState::kShuttingDown;
  draft.edit().state_reason = {lifecycle::kUserInitiatedShutdown, "terminated by request"};
  draft.Begin(OperationKind::kTerminate, true, Duration(0));
  return OkStatus();
}

struct Dispatch {
  Draft& draft;
  Status operator()(const StartRequested&) const { return OnStart(draft); }
  Status operator()(const StopRequested& stop) const { return OnStop(draft, stop); }
  Status operator()(const RebootRequested& reboot) const { return OnReboot(draft, reboot); }
  Status operator()(const TerminateRequested&) const { return OnTerminate(draft); }
  Status operator()(const StepEnded& ended) const {
    lifecycle::OnStepEnded(draft, ended);
    return OkStatus();
  }
  Status operator()(const GuestObserved& observed) const {
    lifecycle::OnGuestObserved(draft, observed);
    return OkStatus();
  }
  Status operator()(const GuestRebooted&) const {
    lifecycle::OnGuestRebooted(draft);
    return OkStatus();
  }
};

}  // namespace

model::Operation NewCreateOperation(const std::string& operation_id, const std::string& instance_id,
                                    WallTime now) {
  return MakeOperation(OperationKind::kCreate, operation_id, instance_id, {}, now);
}

std::optional<size_t> ActiveStep(const model::Operation& operation) {
  if (operation.final()) return std::nullopt;
  for (size_t i = 0; i < operation.steps.size(); ++i) {
    const model::StepState state = operation.steps[i].state;
    if (state == model::StepState::kRunning || state == model::StepState::kUndoing) return i;
  }
  Fatal(__FILE__, __LINE__, "an operation goes on without a step", operation.id);
}

StatusOr<Decision> Decide(const model::InstanceRecord& record, const model::Operation* operation,
                          const LifecycleEvent& event, const LifecycleContext& context) {
  BERTH_CHECK(operation == nullptr || operation->id == record.operation_id, record.id);
  Draft draft(record, operation, context);
  BERTH_RETURN_IF_ERROR(std::visit(Dispatch{draft}, event));
  return draft.Take();
}

std::string EtagOf(const model::InstanceRecord& record) {
  return fmt::format("{}-{}-{}", record.generation, static_cast<int>(record.state),
                     record.boot_count);
}

}  // namespace berth
