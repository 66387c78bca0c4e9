// SPDX-License-Identifier: Apache-2.0
// Carries one instance forward. The ledger says what is to be done; the actor does it: it finds the
// step that is recorded as running, runs it once, and submits the outcome, which records the next
// step as running in the same commit. Whatever wakes it (a verb, an outcome, a guest event, recovery,
// a timer), it looks at the ledger again, so a lost or doubled wake-up is harmless.
//
// Everything runs on the actor's strand; at most one step is outstanding, also across operations: a
// terminate that overtook a create waits for the create's outstanding call to come back or be
// abandoned by the driver. Thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "agent/instance/lifecycle.h"
#include "agent/instance/step_runner.h"
#include "agent/ledger/ledger.h"
#include "core/base/clock.h"
#include "core/base/executor.h"
#include "core/base/random.h"
#include "core/base/strand.h"

namespace berth {

// How long steps and operations took, for metrics; called from any thread.
struct InstanceObserver {
  std::function<void(model::StepKind, bool ok, Duration took)> step_ended;
  std::function<void(const model::Operation&)> operation_ended;
};

// What every actor works with; each outlives the actors.
struct ActorDependencies {
  Executor& executor;
  const Clock& clock;
  Random& random;
  Ledger& ledger;
  Hypervisor& hypervisor;
  StepRunner& steps;
  InstanceObserver observer;
};

class InstanceActor : public std::enable_shared_from_this<InstanceActor> {
 public:
  InstanceActor(std::string instance_id, const ActorDependencies& dependencies);

  void Wake();
  void GuestChanged();
  void GuestFound(const GuestObserved& observed);

 private:
  void Look();
  void RunStep(const model::InstanceRecord& record, const model::Operation& operation, size_t step);
  void StepCameBack(StepEnded outcome, SteadyTime began, model::StepKind kind);
  void Apply(LifecycleEvent event);
  void Applied(const Status& status, const std::shared_ptr<Decision>& decision);
  void AskLevel();

  const std::string instance_id_;
  const ActorDependencies& dependencies_;
  Strand strand_;
  // Only touched on the strand.
  bool outstanding_ = false;       // A step's call has not come back.
  bool applying_ = false;          // An event is on its way through the ledger.
  bool look_again_ = false;        // Something came while applying.
  SteadyTime not_before_{};        // A failed step is begun again only then.
};

}  // namespace berth
