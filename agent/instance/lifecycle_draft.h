// SPDX-License-Identifier: Apache-2.0
// The hands with which lifecycle*.cc write a Decision; private to this directory.
#pragma once

#include <string>

#include "agent/instance/lifecycle.h"
#include "agent/instance/operation_plan.h"

namespace berth::lifecycle {

// A decision being made: starts as "nothing changes" and keeps record and operation consistent.
class Draft {
 public:
  Draft(const model::InstanceRecord& record, const model::Operation* operation,
        const LifecycleContext& context);

  const model::InstanceRecord& record() const { return decision_.record; }
  const LifecycleContext& context() const { return context_; }
  // The operation that is not final; null if nothing is going on.
  const model::Operation* active() const;

  // To change either is to have it written.
  model::InstanceRecord& edit();
  model::Operation& edit_operation();

  // Ends what is going on, if anything, as cancelled, and begins `kind`.
  void Begin(model::OperationKind kind, bool force, Duration grace);
  void Begin(model::OperationKind kind, const PlanOptions& options);
  // Ends the active operation, whose steps have all ended.
  void EndOperation(model::OperationState state, const model::Error& error = {});
  // Ends the active operation in the middle of a step, whose outcome no longer matters.
  void CutShort(model::OperationState state, const model::Error& error);
  // A changed intent is a new generation.
  void SetIntent(model::Intent intent);
  // The claim goes with this decision; the record names it no more. None held: no change.
  void ReleaseRunClaim();
  void ReleaseDiskClaim();
  // Ends a resize, if one is under way: the old claim goes, and with `keep` false the new spec and
  // claim go instead.
  void EndResize(bool keep);
  // Moves to a state that the intent has been brought to, or was overtaken by.
  void Settle(model::InstanceState state, model::StateReason reason);

  Decision& decision() { return decision_; }
  Decision Take();

 private:
  Decision decision_;
  const model::Operation* stored_;
  const model::InstanceState state_before_;
  const LifecycleContext& context_;
};

void OnStepEnded(Draft& draft, const StepEnded& ended);
void OnGuestObserved(Draft& draft, const GuestObserved& observed);
void OnGuestRebooted(Draft& draft);
// Takes back what the active operation, which goes forward, has done.
void Cancel(Draft& draft);
// Marks the active step done and the next one running, or ends the operation.
void Advance(Draft& draft);

}  // namespace berth::lifecycle
