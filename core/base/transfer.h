// SPDX-License-Identifier: Apache-2.0
// A transfer under way, as those see it who wait for it: how far it has come, and the way to stop
// it. The one who transfers tells it and asks it.
//
// Thread-safe.
#pragma once

#include <cstdint>
#include <optional>

#include "core/base/clock.h"
#include "core/base/mutex.h"

namespace berth {

struct TransferProgress {
  int64_t done_bytes = 0;
  std::optional<int64_t> total_bytes;  // Where it is known.
  int64_t bytes_per_second = 0;        // Over the last seconds; 0 while nothing comes.
};

class Transfer {
 public:
  // `clock` outlives this.
  explicit Transfer(const Clock& clock) : clock_(clock), told_(clock.Now()), window_began_(told_) {}

  void Cancel() EXCLUDES(mutex_);
  bool cancelled() const EXCLUDES(mutex_);
  TransferProgress progress() const EXCLUDES(mutex_);

  // Since it was told something.
  Duration silence() const EXCLUDES(mutex_);
  void Tell(int64_t done_bytes, std::optional<int64_t> total_bytes) EXCLUDES(mutex_);

 private:
  static constexpr Duration kWindow = std::chrono::seconds(1);
  static constexpr Duration kStands = std::chrono::seconds(5);  // Without a word.

  const Clock& clock_;
  mutable Mutex mutex_;
  bool cancelled_ GUARDED_BY(mutex_) = false;
  TransferProgress progress_ GUARDED_BY(mutex_);
  bool told_anything_ GUARDED_BY(mutex_) = false;
  SteadyTime told_ GUARDED_BY(mutex_);
  // What came since then makes the next rate.
  SteadyTime window_began_ GUARDED_BY(mutex_);
  int64_t window_bytes_ GUARDED_BY(mutex_) = 0;
};

}  // namespace berth
