// SPDX-License-Identifier: Apache-2.0
#include "core/base/transfer.h"

namespace berth {

void Transfer::Cancel() {
  MutexLock lock(mutex_);
  cancelled_ = true;
}

bool Transfer::cancelled() const {
  MutexLock lock(mutex_);
  return cancelled_;
}

TransferProgress Transfer::progress() const {
  MutexLock lock(mutex_);
  TransferProgress progress = progress_;
  if (clock_.Now() - told_ > kStands) progress.bytes_per_second = 0;
  return progress;
}

Duration Transfer::silence() const {
  MutexLock lock(mutex_);
  return std::chrono::duration_cast<Duration>(clock_.Now() - told_);
}

void Transfer::Tell(int64_t done_bytes, std::optional<int64_t> total_bytes) {
  const SteadyTime now = clock_.Now();
  MutexLock lock(mutex_);
  // What begins anew, or goes on with what was there, has a rate of its own.
  if (done_bytes < progress_.done_bytes || !told_anything_) {
    window_began_ = now;
    window_bytes_ = done_bytes;
  }
  told_ = now;
  told_anything_ = true;
  progress_.done_bytes = done_bytes;
  progress_.total_bytes = total_bytes;
  if (now - window_began_ < kWindow) return;
  const auto ms = std::chrono::duration_cast<Duration>(now - window_began_).count();
  progress_.bytes_per_second = (done_bytes - window_bytes_) * 1000 / ms;
  window_began_ = now;
  window_bytes_ = done_bytes;
}

}  // namespace berth
