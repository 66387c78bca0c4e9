// SPDX-License-Identifier: Apache-2.0
// One instance with its operation, fed with events as the ledger would.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "agent/instance/lifecycle.h"

namespace berth {

inline constexpr char kId[] = "i-0123456789abcdef0";
inline constexpr char kBoot[] = "boot-1";

class Life {
 public:
  Life() {
    record.id = kId;
    record.run_claim_id = "c-run";
    record.disk_claim_id = "c-disk";
    record.operation_id = "op-1";
    operation = NewCreateOperation("op-1", kId, now);
  }

  StatusOr<Decision> Feed(const LifecycleEvent& event) {
    const LifecycleContext context{now,       boot_id,  "op-" + std::to_string(++operations),
                                   principal, "wish-1", host_going_down};
    StatusOr<Decision> decision = Decide(record, operation ? &*operation : nullptr, event, context);
    if (!decision.ok() || !decision->changed) return decision;
    record = decision->record;
    if (decision->operation) operation = decision->operation;
    if (decision->acquire_run_claim) record.run_claim_id = "c-again";
    return decision;
  }

  // The outcome of the step that runs now.
  Decision End(model::Error error = {}) {
    const size_t step = ActiveStep(*operation).value();
    return Feed(StepEnded{operation->id, step, operation->steps[step].attempts, error}).value();
  }
  void EndAll() {
    while (!operation->final()) End();
  }
  model::StepKind Step() const { return operation->steps[*ActiveStep(*operation)].kind; }

  model::InstanceRecord record;
  std::optional<model::Operation> operation;
  WallTime now{std::chrono::hours(1)};
  std::string boot_id = kBoot;
  bool host_going_down = false;
  std::string principal = "uid:0";
  int operations = 1;
};

inline Life RunningLife() {
  Life life;
  life.EndAll();
  return life;
}

inline Life StoppedLife() {
  Life life = RunningLife();
  EXPECT_TRUE(life.Feed(StopRequested{.force = true}).ok());
  life.EndAll();
  return life;
}

inline GuestObserved Off(OffReason reason) {
  return {.defined = true, .power = Power::kOff, .off_reason = reason};
}

}  // namespace berth
