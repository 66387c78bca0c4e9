// SPDX-License-Identifier: Apache-2.0
#include "agent/instance/lifecycle_draft.h"

#include <fmt/format.h>

#include "agent/instance/operation_plan.h"
#include "core/base/check.h"
#include "core/model/names.h"

namespace berth::lifecycle {

Draft::Draft(const model::InstanceRecord& record, const model::Operation* operation,
             const LifecycleContext& context)
    : stored_(operation), state_before_(record.state), context_(context) {
  decision_.record = record;
}

Decision Draft::Take() {
  if (decision_.record.state != state_before_) decision_.record.state_time = context_.now;
  return std::move(decision_);
}

const model::Operation* Draft::active() const {
  const model::Operation* current = decision_.operation ? &*decision_.operation : stored_;
  return current != nullptr && !current->final() ? current : nullptr;
}

model::InstanceRecord& Draft::edit() {
  decision_.changed = true;
  return decision_.record;
}

model::Operation& Draft::edit_operation() {
  if (!decision_.operation) {
    BERTH_CHECK(stored_ != nullptr, decision_.record.id);
    decision_.operation = *stored_;
  }
  decision_.changed = true;
  return *decision_.operation;
}

void Draft::Begin(model::OperationKind kind, bool force, Duration grace) {
  if (active() != nullptr) {
    CutShort(model::OperationState::kCancelled,
             {StatusCode::kCancelled, "", fmt::format("overtaken by {}", model::Name(kind))});
    decision_.superseded = std::move(decision_.operation);
  }
  decision_.operation = MakeOperation(kind, context_.new_operation_id, decision_.record.id,
                                      {.force = force, .grace = grace}, context_.now);
  decision_.operation->principal = context_.principal;
  decision_.operation->request_id = context_.request_id;
  edit().operation_id = context_.new_operation_id;
}

void Draft::CutShort(model::OperationState state, const model::Error& error) {
  model::Operation& operation = edit_operation();
  model::Step& step = operation.steps[*ActiveStep(operation)];
  step.state = model::StepState::kFailed;
  step.ended = context_.now;
  step.last_error = error;
  EndOperation(state, error);
}

void Draft::EndOperation(model::OperationState state, const model::Error& error) {
  model::Operation& operation = edit_operation();
  operation.state = state;
  operation.ended = context_.now;
  if (!error.ok()) operation.error = error;
}

void Draft::SetIntent(model::Intent intent) {
  if (decision_.record.intent == intent) return;
  edit().intent = intent;
  ++edit().generation;
}

void Draft::Settle(model::InstanceState state, model::StateReason reason) {
  model::InstanceRecord& record = edit();
  record.state = state;
  record.state_reason = std::move(reason);
  record.observed_generation = record.generation;
  record.observed_time = context_.now;
  record.reachable = true;
  const bool terminated = state == model::InstanceState::kTerminated;
  if (terminated || state == model::InstanceState::kStopped) {
    decision_.release_run_claim = terminated || !record.spec.shape.reserve_when_stopped;
    record.guest_pid = 0;
  }
  if (terminated) {
    decision_.release_disk_claim = true;
    record.terminated = context_.now;
  }
}

}  // namespace berth::lifecycle
