// SPDX-License-Identifier: Apache-2.0
#include "agent/instance/lifecycle.h"

#include <fmt/format.h>

#include <initializer_list>
#include <utility>

#include "agent/instance/lifecycle_draft.h"
#include "agent/instance/operation_plan.h"
#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/probe.h"
#include "core/base/reasons.h"
#include "core/model/names.h"
#include "core/model/state_reasons.h"

namespace berth {
namespace {

using lifecycle::Draft;
using model::InstanceState;
using model::Intent;
using model::OperationKind;
using model::StepKind;

// `allowed` are the states in which the verb would do something.
Status WrongState(const model::InstanceRecord& record, std::string_view verb, std::string_view hint,
                  std::initializer_list<InstanceState> allowed) {
  std::string names;
  for (const InstanceState state : allowed)
    names += fmt::format("{}{}", names.empty() ? "" : ",", model::Name(state));
  const std::string message =
      fmt::format("{} is {}: {} {}", record.id, model::Name(record.state), verb, hint);
  return MakeError(StatusCode::kFailedPrecondition, message,
                   {.reason = reasons::kIncorrectInstanceState,
                    .metadata = {{"instance_id", record.id},
                                 {"state", std::string(model::Name(record.state))},
                                 {"allowed_states", names}}});
}

Status InProgress(const model::Operation& operation, std::string_view verb) {
  const std::string message =
      fmt::format("{} is being changed ({} {}): {} when that has ended, or cancel it",
                  operation.target, model::Name(operation.kind), operation.id, verb);
  return MakeError(
      StatusCode::kFailedPrecondition, message,
      {.reason = reasons::kOperationInProgress,
       .metadata = {{"instance_id", operation.target}, {"operation_id", operation.id}}});
}

Status OnStart(Draft& draft) {
  switch (draft.record().state) {
    case InstanceState::kPending:
    case InstanceState::kRunning:
      return OkStatus();
    case InstanceState::kStopped:
      if (draft.active() != nullptr) return InProgress(*draft.active(), "start");
      break;
    case InstanceState::kStopping:
      return WrongState(draft.record(), "start", "is possible once it is STOPPED",
                        {InstanceState::kStopped});
    case InstanceState::kShuttingDown:
    case InstanceState::kTerminated:
      return WrongState(draft.record(), "start", "needs a STOPPED instance; create a new one",
                        {InstanceState::kStopped});
  }
  draft.SetIntent(Intent::kRunning);
  draft.edit().state = InstanceState::kPending;
  draft.edit().state_reason = {};
  draft.decision().acquire_run_claim = draft.record().run_claim_id.empty();
  draft.Begin(OperationKind::kStart, false, Duration(0));
  return OkStatus();
}

// True while the guest is still being asked; force has something to hasten then.
bool IsAsking(const model::Operation* active, OperationKind kind) {
  if (active == nullptr || active->kind != kind) return false;
  const StepKind step = active->steps[*ActiveStep(*active)].kind;
  return IsOptional(step) || IsAwait(step);
}

Status OnStop(Draft& draft, const StopRequested& stop) {
  switch (draft.record().state) {
    case InstanceState::kStopped:
      draft.SetIntent(Intent::kStopped);
      return OkStatus();
    case InstanceState::kStopping:
      if (stop.force && IsAsking(draft.active(), OperationKind::kStop))
        draft.Begin(OperationKind::kStop, true, Duration(0));
      return OkStatus();
    case InstanceState::kRunning:
      break;
    case InstanceState::kPending:
      return WrongState(draft.record(), "stop", "is possible once it is RUNNING; or terminate it",
                        {InstanceState::kRunning});
    case InstanceState::kShuttingDown:
    case InstanceState::kTerminated:
      return WrongState(draft.record(), "stop", "needs a RUNNING instance",
                        {InstanceState::kRunning});
  }
  draft.SetIntent(Intent::kStopped);
  draft.edit().state = InstanceState::kStopping;
  draft.edit().state_reason = {state_reasons::kUserInitiatedShutdown, "stopped by request"};
  draft.Begin(OperationKind::kStop, stop.force, stop.grace);
  return OkStatus();
}

Status OnReboot(Draft& draft, const RebootRequested& reboot) {
  if (draft.record().state != InstanceState::kRunning)
    return WrongState(draft.record(), "reboot", "needs a RUNNING instance",
                      {InstanceState::kRunning});
  if (draft.active() != nullptr &&
      !(reboot.hard && IsAsking(draft.active(), OperationKind::kReboot)))
    return OkStatus();  // It is rebooting already.
  draft.Begin(OperationKind::kReboot, reboot.hard, reboot.grace);
  return OkStatus();
}

Status OnTerminate(Draft& draft, const TerminateRequested& terminate) {
  const InstanceState state = draft.record().state;
  const bool force = terminate.grace == Duration(0);
  if (state == InstanceState::kTerminated) return OkStatus();
  if (state == InstanceState::kShuttingDown) {
    if (force && IsAsking(draft.active(), OperationKind::kTerminate))
      draft.Begin(OperationKind::kTerminate, true, Duration(0));
    return OkStatus();
  }
  // Only a guest that runs can be asked.
  const bool ask = !force && state == InstanceState::kRunning;
  draft.SetIntent(Intent::kTerminated);
  draft.edit().state = InstanceState::kShuttingDown;
  draft.edit().state_reason = {state_reasons::kUserInitiatedShutdown, "terminated by request"};
  draft.Begin(OperationKind::kTerminate, !ask, ask ? terminate.grace : Duration(0));
  return OkStatus();
}

Status OnResize(Draft& draft, const ResizeRequested& resize) {
  const model::InstanceRecord& record = draft.record();
  if (record.state != InstanceState::kStopped)
    return WrongState(record, "resize", "needs a STOPPED instance", {InstanceState::kStopped});
  if (draft.active() != nullptr) return InProgress(*draft.active(), "resize");
  if (record.spec.instance_type == resize.instance_type && record.spec.shape == resize.shape)
    return OkStatus();
  model::InstanceRecord& edited = draft.edit();
  edited.resized_from = {edited.spec.instance_type, edited.spec.shape, edited.run_claim_id,
                         edited.placement, edited.overhead_mib};
  edited.run_claim_id.clear();
  edited.spec.instance_type = resize.instance_type;
  edited.spec.shape = resize.shape;
  ++edited.generation;
  draft.decision().acquire_run_claim = true;
  draft.Begin(OperationKind::kResize, false, Duration(0));
  return OkStatus();
}

// No step has to follow, so the status has caught up at once where nothing else is on its way.
Status OnUpdate(Draft& draft, const UpdateRequested& requested) {
  const model::InstanceRecord& record = draft.record();
  if (record.state == InstanceState::kShuttingDown || record.state == InstanceState::kTerminated)
    return WrongState(record, "update", "needs an instance that is not being terminated",
                      {InstanceState::kPending, InstanceState::kRunning, InstanceState::kStopping,
                       InstanceState::kStopped});
  model::InstanceSpec spec = model::Updated(record.spec, requested.update);
  if (spec == record.spec) return OkStatus();
  const bool caught_up = record.observed_generation == record.generation;
  model::InstanceRecord& edited = draft.edit();
  edited.spec = std::move(spec);
  ++edited.generation;
  if (caught_up) edited.observed_generation = edited.generation;
  return OkStatus();
}

Status OnInterrupt(Draft& draft) {
  if (draft.record().state == InstanceState::kRunning) return OkStatus();
  return WrongState(draft.record(), "a diagnostic interrupt", "needs a RUNNING instance",
                    {InstanceState::kRunning});
}

Status OnCancel(Draft& draft) {
  if (draft.active() == nullptr || draft.active()->state == model::OperationState::kUndoing)
    return OkStatus();
  const model::Operation& operation = *draft.active();
  if (!IsCancellable(operation))
    return MakeError(
        StatusCode::kFailedPrecondition,
        fmt::format("{} is a {}, which cannot be taken back once it has begun", operation.id,
                    model::Name(operation.kind)),
        {.reason = reasons::kOperationNotCancellable,
         .metadata = {{"operation_id", operation.id}, {"instance_id", operation.target}}});
  if (operation.kind == OperationKind::kCreate) draft.SetIntent(Intent::kTerminated);
  if (operation.kind == OperationKind::kStart) draft.SetIntent(Intent::kStopped);
  BERTH_PROBE("an operation is cancelled");
  lifecycle::Cancel(draft);
  return OkStatus();
}

struct Dispatch {
  Draft& draft;
  Status operator()(const StartRequested&) const { return OnStart(draft); }
  Status operator()(const StopRequested& stop) const { return OnStop(draft, stop); }
  Status operator()(const RebootRequested& reboot) const { return OnReboot(draft, reboot); }
  Status operator()(const TerminateRequested& how) const { return OnTerminate(draft, how); }
  Status operator()(const ResizeRequested& resize) const { return OnResize(draft, resize); }
  Status operator()(const UpdateRequested& update) const { return OnUpdate(draft, update); }
  Status operator()(const CancelRequested&) const { return OnCancel(draft); }
  Status operator()(const InterruptRequested&) const { return OnInterrupt(draft); }
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

bool IsCancellable(const model::Operation& operation) {
  if (operation.state != model::OperationState::kRunning) return false;
  switch (operation.kind) {
    case OperationKind::kCreate:
    case OperationKind::kStart:
    case OperationKind::kResize:
    case OperationKind::kPullImage:
    case OperationKind::kImportImage:
      return true;
    case OperationKind::kStop:
    case OperationKind::kReboot:
    case OperationKind::kTerminate:
      return false;
  }
  return false;
}

model::InstanceRecord BeforeResize(model::InstanceRecord record) {
  BERTH_CHECK(record.resized_from.has_value(), record.id);
  model::ResizedFrom from = std::move(*record.resized_from);
  record.resized_from.reset();
  record.spec.instance_type = std::move(from.instance_type);
  record.spec.shape = std::move(from.shape);
  record.run_claim_id = std::move(from.run_claim_id);
  record.placement = std::move(from.placement);
  record.overhead_mib = from.overhead_mib;
  return record;
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
