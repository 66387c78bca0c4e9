// SPDX-License-Identifier: Apache-2.0
// How long a piece of work took, finer than Clock tells. For what is shown to people, never for a
// decision.
#pragma once

#include <chrono>

namespace berth {

// Runs from its making on.
class Stopwatch {
 public:
  double Micros() const {
    return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start_)
        .count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace berth
