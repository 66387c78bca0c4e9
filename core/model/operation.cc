// SPDX-License-Identifier: Apache-2.0
#include "core/model/operation.h"

#include "core/base/check.h"

namespace berth::model {

std::optional<size_t> ActiveStep(const Operation& operation) {
  if (operation.final()) return std::nullopt;
  for (size_t i = 0; i < operation.steps.size(); ++i) {
    const StepState state = operation.steps[i].state;
    if (state == StepState::kRunning || state == StepState::kUndoing) return i;
  }
  Fatal(__FILE__, __LINE__, "an operation goes on without a step", operation.id);
}

}  // namespace berth::model
