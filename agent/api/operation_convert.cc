// SPDX-License-Identifier: Apache-2.0
#include "agent/api/operation_convert.h"

#include <algorithm>
#include <string>

#include "agent/api/error_convert.h"
#include "agent/api/instance_convert.h"
#include "agent/api/text.h"
#include "agent/api/time_convert.h"
#include "agent/instance/lifecycle.h"
#include "core/base/reasons.h"
#include "core/model/names.h"

namespace berth::api {
namespace {

v1::Operation::Kind FromKind(model::OperationKind kind) {
  switch (kind) {
    case model::OperationKind::kCreate:
      return v1::Operation::KIND_CREATE_INSTANCE;
    case model::OperationKind::kStart:
      return v1::Operation::KIND_START_INSTANCE;
    case model::OperationKind::kStop:
      return v1::Operation::KIND_STOP_INSTANCE;
    case model::OperationKind::kReboot:
      return v1::Operation::KIND_REBOOT_INSTANCE;
    case model::OperationKind::kTerminate:
      return v1::Operation::KIND_TERMINATE_INSTANCE;
    case model::OperationKind::kResize:
      return v1::Operation::KIND_RESIZE_INSTANCE;
    case model::OperationKind::kPullImage:
      return v1::Operation::KIND_PULL_IMAGE;
    case model::OperationKind::kImportImage:
      return v1::Operation::KIND_IMPORT_IMAGE;
  }
  return v1::Operation::KIND_UNSPECIFIED;
}

v1::Operation::State FromState(model::OperationState state) {
  switch (state) {
    case model::OperationState::kRunning:
      return v1::Operation::STATE_RUNNING;
    case model::OperationState::kUndoing:
      return v1::Operation::STATE_UNDOING;
    case model::OperationState::kSucceeded:
      return v1::Operation::STATE_SUCCEEDED;
    case model::OperationState::kFailed:
      return v1::Operation::STATE_FAILED;
    case model::OperationState::kCancelled:
      return v1::Operation::STATE_CANCELLED;
  }
  return v1::Operation::STATE_UNSPECIFIED;
}

// The step it is at, else the last one it has begun.
const model::Step* PresentStep(const model::Operation& operation) {
  if (const auto active = ActiveStep(operation)) return &operation.steps[*active];
  const model::Step* last = nullptr;
  for (const model::Step& step : operation.steps)
    if (step.attempts > 0) last = &step;
  return last;
}

int Percent(const model::Operation& operation) {
  const auto over =
      std::count_if(operation.steps.begin(), operation.steps.end(), [](const model::Step& step) {
        return step.state == model::StepState::kDone || step.state == model::StepState::kSkipped;
      });
  const auto all = std::max<size_t>(operation.steps.size(), 1);
  return static_cast<int>(static_cast<size_t>(over) * 100 / all);
}

WallTime LastMoved(const model::Operation& operation) {
  WallTime moved = operation.ended.value_or(operation.created);
  for (const model::Step& step : operation.steps) {
    if (step.started) moved = std::max(moved, *step.started);
    if (step.ended) moved = std::max(moved, *step.ended);
  }
  return moved;
}

google::rpc::Status ErrorOf(const model::Operation& operation) {
  if (!operation.error.ok()) return ToRpcStatus(operation.error);
  return ToRpcStatus({.code = StatusCode::kCancelled,
                      .reason = reasons::kOperationCancelled,
                      .message = "a later call took over before the end"});
}

}  // namespace

std::optional<model::OperationState> ToOperationState(int state) {
  for (const auto known : {model::OperationState::kRunning, model::OperationState::kUndoing,
                           model::OperationState::kSucceeded, model::OperationState::kFailed,
                           model::OperationState::kCancelled})
    if (FromState(known) == state) return known;
  return std::nullopt;
}

v1::Operation FromOperation(const model::Operation& operation,
                            const model::InstanceRecord* record) {
  v1::Operation out;
  out.set_operation_id(operation.id);
  out.set_kind(FromKind(operation.kind));
  out.set_target(operation.target);
  out.set_state(FromState(operation.state));
  out.set_done(operation.final());
  out.set_principal(operation.principal);
  out.set_request_id(operation.request_id);
  if (const model::Step* step = PresentStep(operation)) {
    out.set_phase(std::string(model::Name(step->kind)));
    out.set_attempt(step->attempts);
    out.set_last_error_message(Truncated(step->last_error.message, kErrorMessageBytesMax));
  }
  if (operation.state == model::OperationState::kRunning)
    out.set_progress_percent(Percent(operation));
  if (operation.state == model::OperationState::kSucceeded) out.set_progress_percent(100);
  *out.mutable_create_time() = ToTimestamp(operation.created);
  *out.mutable_update_time() = ToTimestamp(LastMoved(operation));
  if (operation.deadline) *out.mutable_deadline_time() = ToTimestamp(*operation.deadline);
  out.set_cancellable(IsCancellable(operation));
  if (operation.ended) *out.mutable_end_time() = ToTimestamp(*operation.ended);
  const bool succeeded = operation.state == model::OperationState::kSucceeded;
  if (operation.final() && !succeeded) *out.mutable_error() = ErrorOf(operation);
  if (succeeded && record != nullptr && record->operation_id == operation.id)
    *out.mutable_instance() = FromRecord(*record, false);
  return out;
}

}  // namespace berth::api
