// SPDX-License-Identifier: Apache-2.0
// Randomness, handed in, so that a seed replays a run.
#pragma once

#include <cstdint>
#include <memory>

namespace berth {

// Thread-safe.
class Random {
 public:
  virtual ~Random() = default;
  // Uniform over all 64 bits.
  virtual uint64_t Next() = 0;
};

// From the kernel (getrandom).
std::unique_ptr<Random> MakeSystemRandom();
// The same sequence for the same seed; for simulation and tests.
std::unique_ptr<Random> MakeSeededRandom(uint64_t seed);

}  // namespace berth
