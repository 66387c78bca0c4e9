// SPDX-License-Identifier: Apache-2.0
// How a step of an operation is written down as begun and as ended, whatever it works on.
#pragma once

#include "core/model/operation.h"

namespace berth::model {

// One more attempt runs, forwards (kRunning) or backwards (kUndoing).
inline void BeginStep(Step& step, StepState state, WallTime now) {
  step.state = state;
  ++step.attempts;
  step.started = now;
  step.ended.reset();
}

inline void EndStep(Step& step, StepState state, WallTime now) {
  step.state = state;
  step.ended = now;
}

}  // namespace berth::model
