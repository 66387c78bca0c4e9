// SPDX-License-Identifier: Apache-2.0
#include "core/base/sim_executor.h"

#include <utility>

namespace berth {

// An arbitrary fixed day, so that printed times are the same in every run.
WallTime SimExecutor::WallNow() const {
  const WallTime start(std::chrono::milliseconds(1767225600000));  // 2026-01-01T00:00:00Z
  return start + std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch() +
                                                                       wall_jump_);
}

void SimExecutor::PostAfter(Duration delay, Task task) {
  delayed_.emplace(std::pair(now_ + delay, next_sequence_++), std::move(task));
}

// Moves the earliest delayed tasks, if due by `limit`, to the ready ones, and time with them.
bool SimExecutor::PromoteDueBy(SteadyTime limit) {
  if (delayed_.empty() || delayed_.begin()->first.first > limit) return false;
  now_ = std::max(now_, delayed_.begin()->first.first);
  while (!delayed_.empty() && delayed_.begin()->first.first <= now_) {
    ready_.push_back(std::move(delayed_.begin()->second));
    delayed_.erase(delayed_.begin());
  }
  return true;
}

void SimExecutor::RunReadyTask() {
  const size_t index = random_ == nullptr ? 0 : random_->Next() % ready_.size();
  Task task = std::move(ready_[index]);
  ready_.erase(ready_.begin() + static_cast<std::ptrdiff_t>(index));
  task();
}

bool SimExecutor::RunOne() {
  if (ready_.empty() && !PromoteDueBy(SteadyTime::max())) return false;
  RunReadyTask();
  return true;
}

bool SimExecutor::RunOneBy(SteadyTime limit) {
  if (ready_.empty() && !PromoteDueBy(limit)) {
    now_ = std::max(now_, limit);
    return false;
  }
  RunReadyTask();
  return true;
}

bool SimExecutor::RunFor(Duration window, int max_tasks) {
  const SteadyTime end = now_ + window;
  for (int i = 0; i < max_tasks; ++i)
    if (!RunOneBy(end)) return true;
  return false;
}

void SimExecutor::DropAll() {
  const auto ready = std::exchange(ready_, {});  // A task's end may post another.
  const auto delayed = std::exchange(delayed_, {});
}

}  // namespace berth
