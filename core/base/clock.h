// SPDX-License-Identifier: Apache-2.0
// Time, handed in. Nothing outside core/base reads the machine's clocks, so a simulator owns time.
#pragma once

#include <chrono>
#include <string>

namespace berth {

using SteadyTime = std::chrono::steady_clock::time_point;
// Wall time to the millisecond, which is what the ledger stores and the API shows.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;
using Duration = std::chrono::milliseconds;

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // Never goes back; for deadlines and durations.
  virtual SteadyTime Now() const = 0;
  // May jump; only for what is stored or shown.
  virtual WallTime WallNow() const = 0;
};

// The machine's clocks.
class SystemClock final : public Clock {
 public:
  SteadyTime Now() const override;
  WallTime WallNow() const override;
};

// "2026-08-22T10:00:00.123Z".
std::string FormatWallTime(WallTime time);

}  // namespace berth
