// SPDX-License-Identifier: Apache-2.0
// The agent, linked so that an instance stands still at the step that its tag "stall-at" names:
// "create.define:before" when the step is recorded and its effect has not begun,
// "create.define:after" when the effect is there and its outcome is not recorded. Each is told on
// standard error.
//
// The linker sends calls of StepRunner::Run here (--wrap), so that berthd itself knows nothing of
// it.
#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <utility>

#include "agent/instance/step_runner.h"
#include "core/model/names.h"

namespace berth {
namespace {

bool StallsAt(const model::InstanceRecord& record, const std::string& place) {
  const auto tag = record.spec.tags.find("stall-at");
  if (tag == record.spec.tags.end() || tag->second != place) return false;
  fmt::print(stderr, "stalled {} at {}\n", record.id, place);
  return true;
}

}  // namespace
}  // namespace berth

extern "C" {

// StepRunner::Run, as the linker knows it; a member function takes `this` first.
void BERTH_REAL(berth::StepRunner* self, const berth::model::InstanceRecord& record,
                const berth::model::Operation& operation, size_t step,
                berth::StepRunner::Done done);

void BERTH_WRAPPED(berth::StepRunner* self, const berth::model::InstanceRecord& record,
                   const berth::model::Operation& operation, size_t step,
                   berth::StepRunner::Done done) {
  const std::string place = fmt::format("{}.{}", berth::model::Name(operation.kind),
                                        berth::model::Name(operation.steps[step].kind));
  if (berth::StallsAt(record, place + ":before")) return;
  BERTH_REAL(self, record, operation, step,
             [record, place, done = std::move(done)](berth::StepOutcome outcome) {
               if (!berth::StallsAt(record, place + ":after")) done(std::move(outcome));
             });
}
}
