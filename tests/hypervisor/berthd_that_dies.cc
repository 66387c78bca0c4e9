// SPDX-License-Identifier: Apache-2.0
// The agent, linked so that it kills itself as with kill -9 at one step, named by BERTH_DIE_AT:
// "define:before" when the step is recorded and its effect has not begun, "define:after" when the
// effect is there and its outcome is not recorded.
//
// The linker sends calls of StepRunner::Run here (--wrap), so that berthd itself knows nothing of
// it.
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <utility>

#include "agent/instance/step_runner.h"
#include "core/model/names.h"

namespace berth {
namespace {

std::string DieAt() {
  const char* text = std::getenv("BERTH_DIE_AT");
  return text == nullptr ? "" : text;
}

void DieIf(const std::string& step, const char* when) {
  static const std::string kDieAt = DieAt();
  if (step + when == kDieAt) kill(getpid(), SIGKILL);
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
  const std::string name(berth::model::Name(operation.steps[step].kind));
  berth::DieIf(name, ":before");
  BERTH_REAL(self, record, operation, step,
             [name, done = std::move(done)](berth::StepOutcome outcome) {
               berth::DieIf(name, ":after");
               done(std::move(outcome));
             });
}
}
