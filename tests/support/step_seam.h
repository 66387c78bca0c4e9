// SPDX-License-Identifier: Apache-2.0
// A seam at every step of an instance, for berthd_that_*.cc: berth_agent_variant(... WRAPS
// StepRunner::Run) has the linker send that function's calls here (--wrap), so that berthd itself
// knows nothing of it.
//
// Included by one file of a variant, which defines GoesOn.
#pragma once

#include <string>
#include <utility>

#include "agent/instance/step_runner.h"
#include "core/model/names.h"

namespace berth {

// Asked before the step's effect begins (`when` is ":before"; it is recorded as running) and when
// the effect is there (":after"; its outcome is not recorded). False: there the step stands still.
bool GoesOn(const model::InstanceRecord& record, const model::Operation& operation,
            const std::string& step, const char* when);

}  // namespace berth

extern "C" {

// StepRunner::Run, as the linker knows it; a member function takes `this` first.
void BERTH_REAL(berth::StepRunner* self, const berth::model::InstanceRecord& record,
                const berth::model::Operation& operation, size_t step,
                berth::StepRunner::Done done);

void BERTH_WRAPPED(berth::StepRunner* self, const berth::model::InstanceRecord& record,
                   const berth::model::Operation& operation, size_t step,
                   berth::StepRunner::Done done) {
  const std::string name(berth::model::Name(operation.steps[step].kind));
  if (!berth::GoesOn(record, operation, name, ":before")) return;
  BERTH_REAL(self, record, operation, step,
             [record, operation, name, done = std::move(done)](berth::StepOutcome outcome) {
               if (berth::GoesOn(record, operation, name, ":after")) done(std::move(outcome));
             });
}
}
