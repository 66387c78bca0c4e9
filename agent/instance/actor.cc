// SPDX-License-Identifier: Apache-2.0
#include "agent/instance/actor.h"

#include <algorithm>
#include <utility>

#include "agent/instance/apply_decision.h"
#include "agent/instance/operation_plan.h"
#include "core/base/ids.h"
#include "core/base/probe.h"

namespace berth {
namespace {

using model::StepKind;

// How long an outcome waits that the ledger could not take (a full disk, say).
constexpr Duration kOutcomeRetry{1000};
// How long after a level that could not be had it is asked for again, doubled each time, and how
// often; after that it is recovery's.
constexpr Duration kUnclearRetry{200};
constexpr int kUnclearMax = 5;
// Between two presses of the power button of a guest that is to stop.
constexpr Duration kPressAgain{10000};

Duration TookSince(SteadyTime began, const Clock& clock) {
  return std::chrono::duration_cast<Duration>(clock.Now() - began);
}

bool FoundOff(const LifecycleEvent& event) {
  const auto* observed = std::get_if<GuestObserved>(&event);
  return observed != nullptr && (!observed->defined || observed->power == Power::kOff);
}

// Empty where nothing is known of the guest: the next event or recovery asks again.
std::optional<GuestObserved> LevelOf(const StatusOr<GuestState>& guest) {
  if (guest.ok())
    return GuestObserved{.defined = true,
                         .power = guest->power,
                         .off_reason = guest->off_reason,
                         .crashed = guest->crashed,
                         .pid = guest->pid};
  if (guest.status().code() == StatusCode::kNotFound) return GuestObserved{};
  return std::nullopt;
}

}  // namespace

InstanceActor::InstanceActor(std::string instance_id, const ActorDependencies& dependencies)
    : instance_id_(std::move(instance_id)),
      dependencies_(dependencies),
      strand_(dependencies.executor) {}

void InstanceActor::Wake() {
  strand_.Post([self = shared_from_this()] { self->Look(); });
}

void InstanceActor::GuestChanged(GuestEvent::Kind kind) {
  strand_.Post([self = shared_from_this(), kind] {
    if (kind == GuestEvent::Kind::kRebooted) return self->ApplyObservation(GuestRebooted{});
    self->AskLevel();
  });
}

void InstanceActor::GuestFound(const GuestObserved& observed, Basis basis) {
  strand_.Post([self = shared_from_this(), observed, basis = std::move(basis)] {
    self->ApplyObservation(observed, basis);
  });
}

void InstanceActor::Look() {
  if (running_) return;  // OutcomeStored looks again.
  const auto view = dependencies_.ledger.View();
  const auto record = view->instances.Find(instance_id_);
  if (record == nullptr) return;
  const auto operation = view->operations.Find(record->operation_id);
  if (operation == nullptr || operation->final()) return;
  const size_t step = *ActiveStep(*operation);
  const Attempt attempt{operation->id, step, operation->steps[step].attempts};
  if (delayed_ == attempt) return;  // Its timer looks again.
  if (IsAwait(operation->steps[step].kind)) return Await(*operation, step);
  RunStep(*record, *operation, step);
}

void InstanceActor::RunStep(const model::InstanceRecord& record, const model::Operation& operation,
                            size_t step) {
  running_ = Running{{operation.id, step, operation.steps[step].attempts},
                     operation.steps[step].kind,
                     dependencies_.clock.Now()};
  dependencies_.steps.Run(
      record, operation, step, [self = shared_from_this()](StepOutcome outcome) {
        self->strand_.Post([self, outcome = std::move(outcome)] { self->StepCameBack(outcome); });
      });
}

void InstanceActor::StepCameBack(const StepOutcome& outcome) {
  running_->outcome.error = model::ErrorOf(outcome.status);
  running_->outcome.accel = outcome.accel;
  running_->outcome.guest_pid = outcome.guest_pid;
  if (dependencies_.observer.step_ended)
    dependencies_.observer.step_ended(running_->kind, outcome.status.ok(),
                                      TookSince(running_->began, dependencies_.clock));
  SubmitOutcome();
}

// `running_` stays set until the outcome is in the ledger, so that no wake-up begins the step
// again.
void InstanceActor::SubmitOutcome() {
  Apply(running_->outcome, std::nullopt, [this](const Status& status, const Decision& decision) {
    OutcomeStored(status, decision);
  });
}

void InstanceActor::OutcomeStored(const Status& status, const Decision& decision) {
  if (!status.ok()) {
    BERTH_PROBE("an outcome waits for a ledger that cannot write");
    dependencies_.executor.PostAfter(kOutcomeRetry, [self = shared_from_this()] {
      self->strand_.Post([self] { self->SubmitOutcome(); });
    });
    return;
  }
  const StepEnded outcome = std::move(running_->outcome);
  running_.reset();
  if (decision.retry_after > Duration(0)) {
    delayed_ = Attempt{outcome.operation_id, outcome.step, outcome.attempt + 1};
    LookAfter(decision.retry_after);
  }
  if (ask_again_) AskLevel();
  Look();
}

void InstanceActor::LookAfter(Duration delay) {
  dependencies_.executor.PostAfter(delay, [self = shared_from_this()] {
    self->strand_.Post([self] {
      self->delayed_.reset();
      self->Look();
    });
  });
}

void InstanceActor::Await(const model::Operation& operation, size_t step) {
  const Attempt attempt{operation.id, step, operation.steps[step].attempts};
  if (awaited_ == attempt) return;
  awaited_ = attempt;
  const auto waited = dependencies_.clock.WallNow() -
                      operation.steps[step].started.value_or(dependencies_.clock.WallNow());
  // A clock that was set back must not draw the grace out.
  const Duration left =
      std::clamp(operation.grace - std::max(waited, Duration(0)), Duration(0), operation.grace);
  dependencies_.executor.PostAfter(left, [self = shared_from_this(), attempt] {
    self->strand_.Post([self, attempt] { self->EndAwait(attempt); });
  });
  if (operation.steps[step].kind == StepKind::kAwaitShutdown) PressAgain(attempt);
  AskLevel();  // It may have obeyed before we listened.
}

void InstanceActor::EndAwait(const Attempt& attempt) {
  const StepEnded ended{attempt.operation_id, attempt.step, attempt.number};
  Apply(ended, std::nullopt, [this, attempt](const Status& status, const Decision& decision) {
    if (decision.changed) Look();
    if (status.ok()) return;
    BERTH_PROBE("the end of a grace waits for a ledger that cannot write");
    dependencies_.executor.PostAfter(kOutcomeRetry, [self = shared_from_this(), attempt] {
      self->strand_.Post([self, attempt] { self->EndAwait(attempt); });
    });
  });
}

// A guest that is still booting misses the power button, so it is pressed again until the wait
// ends.
void InstanceActor::PressAgain(const Attempt& attempt) {
  dependencies_.executor.PostAfter(kPressAgain, [self = shared_from_this(), attempt] {
    self->strand_.Post([self, attempt] {
      const auto view = self->dependencies_.ledger.View();
      const auto operation = view->operations.Find(attempt.operation_id);
      if (operation == nullptr || ActiveStep(*operation) != attempt.step) return;
      BERTH_PROBE("the power button is pressed again");
      self->dependencies_.hypervisor.AskShutdown(self->instance_id_, [](const Status&) {});
      self->PressAgain(attempt);
    });
  });
}

void InstanceActor::AskLevel() {
  if (asking_ || running_) {
    ask_again_ = true;
    return;
  }
  asking_ = true;
  ask_again_ = false;
  const Basis basis = dependencies_.ledger.View()->instances.Find(instance_id_);
  auto asked = [self = shared_from_this(), basis](StatusOr<GuestState> guest) {
    self->strand_.Post([self, basis, level = LevelOf(guest)] {
      if (level) self->ApplyObservation(*level, basis);
      self->LevelAsked(level.has_value());
    });
  };
  dependencies_.hypervisor.Inspect(instance_id_, std::move(asked));
}

// A guest that is looked at while it goes may answer anything; a moment later it is clear.
void InstanceActor::LevelAsked(bool known) {
  asking_ = false;
  if (known) unclear_ = 0;
  if (ask_again_) return AskLevel();
  if (known || unclear_ == kUnclearMax) return;
  BERTH_PROBE("a level that could not be had is asked for again");
  dependencies_.executor.PostAfter(kUnclearRetry * (1 << unclear_++), [self = shared_from_this()] {
    self->strand_.Post([self] { self->AskLevel(); });
  });
}

void InstanceActor::ApplyObservation(LifecycleEvent event, std::optional<Basis> basis) {
  Apply(std::move(event), std::move(basis), [this](const Status& status, const Decision& decision) {
    if (decision.changed) Look();
    if (status.ok()) return;
    BERTH_PROBE("an observation that the ledger could not take is made again");
    dependencies_.executor.PostAfter(kOutcomeRetry, [self = shared_from_this()] {
      self->strand_.Post([self] { self->AskLevel(); });
    });
  });
}

void InstanceActor::Apply(LifecycleEvent event, std::optional<Basis> basis, Applied applied) {
  auto decision = std::make_shared<Decision>();
  const bool going_down =
      FoundOff(event) && dependencies_.host_going_down && dependencies_.host_going_down();
  dependencies_.ledger.Submit(
      [self = shared_from_this(), event = std::move(event), basis = std::move(basis), going_down,
       decision](LedgerTxn& txn) -> Status {
        const auto record = txn.view().instances.Find(self->instance_id_);
        if (record == nullptr || (basis && *basis != record)) {
          BERTH_PROBE("an observation of an older record is dropped");
          return OkStatus();
        }
        const auto operation = txn.view().operations.Find(record->operation_id);
        const LifecycleContext context{txn.now(),
                                       txn.view().identity.boot_id,
                                       NewOperationId(self->dependencies_.random),
                                       "",
                                       "",
                                       going_down};
        BERTH_ASSIGN_OR_RETURN(*decision, Decide(*record, operation.get(), event, context));
        ApplyDecision(txn, *decision);
        return OkStatus();
      },
      [self = shared_from_this(), decision, applied = std::move(applied)](Status status) {
        self->strand_.Post([self, decision, applied, status = std::move(status)] {
          if (status.ok()) self->Report(*decision);
          applied(status, *decision);
        });
      });
}

void InstanceActor::Report(const Decision& decision) {
  if (!dependencies_.observer.operation_ended) return;
  if (decision.operation && decision.operation->final())
    dependencies_.observer.operation_ended(*decision.operation);
  if (decision.superseded) dependencies_.observer.operation_ended(*decision.superseded);
}

}  // namespace berth
