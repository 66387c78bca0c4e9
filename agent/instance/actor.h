// SPDX-License-Identifier: Apache-2.0
// Carries one instance forward. The ledger says what is to be done; the actor does it: it finds the
// step that is recorded as running, runs it once, and submits the outcome, which records the next
// step as running in the same commit. Whatever wakes it (a verb, an outcome, a guest event,
// recovery, a timer), it looks at the ledger again, so a lost or doubled wake-up is harmless.
//
// Everything runs on the actor's strand; at most one step is outstanding, also across operations: a
// terminate that overtook a create waits for the create's outstanding call to come back or be
// abandoned by the driver. Thread-safe.
#pragma once

#include <functional>
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
  // Whether the host is being shut down; asked when a guest is found off, on the executor. Null:
  // never.
  std::function<bool()> host_going_down;
};

// The record as it was before the hypervisor was asked. An observation counts only while the record
// is still that one: an old observation is no observation.
using Basis = std::shared_ptr<const model::InstanceRecord>;

class InstanceActor : public std::enable_shared_from_this<InstanceActor> {
 public:
  // `dependencies` outlives it.
  InstanceActor(std::string instance_id, const ActorDependencies& dependencies);

  void Wake();
  void GuestChanged(GuestEvent::Kind kind);
  void GuestFound(const GuestObserved& observed, Basis basis);

 private:
  // A step's call, begun and not yet in the ledger with its outcome.
  struct Running {
    StepEnded outcome;
    model::StepKind kind;
    SteadyTime began;
  };
  // One attempt at one step.
  struct Attempt {
    std::string operation_id;
    size_t step = 0;
    int number = 0;
    bool operator==(const Attempt&) const = default;
  };

  void Look();
  void RunStep(const model::InstanceRecord& record, const model::Operation& operation, size_t step);
  void StepCameBack(const StepOutcome& outcome);
  void SubmitOutcome();
  void OutcomeStored(const Status& status, const Decision& decision);
  // Waits for the guest or for the operation's grace to pass, whichever is first.
  void Await(const model::Operation& operation, size_t step);
  void EndAwait(const Attempt& attempt);
  void LevelAsked(bool known);
  void AskLevel();
  using Applied = std::function<void(const Status&, const Decision&)>;
  // With a basis, the event is dropped where the record has changed since.
  void Apply(LifecycleEvent event, std::optional<Basis> basis, Applied applied);
  void ApplyObservation(LifecycleEvent event, std::optional<Basis> basis = std::nullopt);
  void PressAgain(const Attempt& attempt);
  void LookAfter(Duration delay);
  void Report(const Decision& decision);

  const std::string instance_id_;
  const ActorDependencies& dependencies_;
  Strand strand_;
  // Only touched on the strand.
  std::optional<Running> running_;
  std::optional<Attempt> awaited_;  // The await step whose timer is set.
  std::optional<Attempt> delayed_;  // The attempt whose time has not come.
  bool asking_ = false;             // An Inspect is on its way.
  int unclear_ = 0;                 // Levels in a row that could not be had.
  bool ask_again_ = false;          // The guest changed since it was sent, or while a step ran.
};

}  // namespace berth
