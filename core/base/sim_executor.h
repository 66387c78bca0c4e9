// SPDX-License-Identifier: Apache-2.0
// One thread, virtual time: the Executor and Clock of simulations and unit tests. Time moves only
// when nothing is ready; a seed may shuffle the order of what is ready.
//
// Not thread-safe: everything happens on the caller's thread.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "core/base/executor.h"
#include "core/base/random.h"

namespace berth {

class SimExecutor final : public Executor, public Clock {
 public:
  // Runs ready tasks in the order posted.
  SimExecutor() = default;
  // Runs ready tasks in an order drawn from `random`, which must outlive this.
  explicit SimExecutor(Random& random) : random_(&random) {}

  void Post(Task task) override { ready_.push_back(std::move(task)); }
  void PostAfter(Duration delay, Task task) override;
  SteadyTime Now() const override { return now_; }
  WallTime WallNow() const override;
  // Somebody sets the host's clock forward or, below zero, back: wall time alone jumps.
  void SetWallClock(Duration by) { wall_jump_ += by; }

  // Runs one task, moving time forward if none is ready. False: nothing is left at all.
  bool RunOne();
  // Runs one task that is due by `limit`. False: there is none, and time has come to `limit`.
  bool RunOneBy(SteadyTime limit);
  // Runs until nothing is ready and no delayed task is due within `window` of now; moves time to
  // the end of the window. False when `max_tasks` were run first, which a test takes as a livelock.
  bool RunFor(Duration window, int max_tasks = 100000);
  // Runs what is ready now, without moving time.
  bool RunReady(int max_tasks = 100000) { return RunFor(Duration(0), max_tasks); }
  // Drops every task: what a crash does to them.
  void DropAll();

 private:
  bool PromoteDueBy(SteadyTime limit);
  void RunReadyTask();

  Random* random_ = nullptr;
  SteadyTime now_ = SteadyTime(std::chrono::hours(1));
  Duration wall_jump_ = Duration(0);
  uint64_t next_sequence_ = 0;
  std::vector<Task> ready_;
  std::map<std::pair<SteadyTime, uint64_t>, Task> delayed_;
};

}  // namespace berth
