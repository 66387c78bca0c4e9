// SPDX-License-Identifier: Apache-2.0
#include "agent/instance/lifecycle_draft.h"

#include <fmt/format.h>

#include <utility>

#include "agent/instance/operation_plan.h"
#include "core/base/check.h"
#include "core/base/probe.h"
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
  Begin(kind, {.force = force, .grace = grace});
}

void Draft::Begin(model::OperationKind kind, const PlanOptions& options) {
  if (active() != nullptr) {
    BERTH_PROBE("a later verb overtakes an operation");
    CutShort(model::OperationState::kCancelled,
             {StatusCode::kCancelled, "", fmt::format("overtaken by {}", model::Name(kind))});
    decision_.superseded = std::move(decision_.operation);
  }
  decision_.operation =
      MakeOperation(kind, context_.new_operation_id, decision_.record.id, options, context_.now);
  decision_.operation->generation = decision_.record.generation;
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
    if (terminated || !record.spec.shape.reserve_when_stopped) ReleaseRunClaim();
    record.guest_pid = 0;
  }
  if (terminated) {
    EndResize(true);
    ReleaseDiskClaim();
    record.terminated = context_.now;
  }
}

void Draft::ReleaseRunClaim() {
  if (decision_.record.run_claim_id.empty()) return;
  model::InstanceRecord& record = edit();
  decision_.release.push_back(std::move(record.run_claim_id));
  record.run_claim_id.clear();
  record.placement = {};
  record.overhead_mib = 0;
}

void Draft::ReleaseDiskClaim() {
  if (decision_.record.disk_claim_id.empty()) return;
  model::InstanceRecord& record = edit();
  decision_.release.push_back(std::move(record.disk_claim_id));
  record.disk_claim_id.clear();
  record.claimed_disk_mib = 0;
}

void Draft::EndResize(bool keep) {
  if (!decision_.record.resized_from) return;
  model::InstanceRecord& record = edit();
  if (!keep) {
    ReleaseRunClaim();
    record = BeforeResize(std::move(record));
    ++record.generation;
    return;
  }
  if (std::string& old = record.resized_from->run_claim_id; !old.empty())
    decision_.release.push_back(std::move(old));
  record.resized_from.reset();
}

}  // namespace berth::lifecycle
