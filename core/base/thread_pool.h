// SPDX-License-Identifier: Apache-2.0
// The Executor of production: a fixed number of threads over one queue, and delayed tasks.
//
// A task that throws ends the process with a message: errors are values here, so an exception is a
// bug whose state no one can vouch for.
#pragma once

#include <queue>
#include <string>
#include <thread>
#include <vector>

#include "core/base/executor.h"
#include "core/base/mutex.h"

namespace berth {

class ThreadPool final : public Executor {
 public:
  // `name` (at most 15 characters) shows in top -H and gdb; with several threads "-N" is appended.
  ThreadPool(std::string name, int threads);
  // As Shutdown().
  ~ThreadPool() override;

  void Post(Task task) override EXCLUDES(mutex_);
  void PostAfter(Duration delay, Task task) override EXCLUDES(mutex_);

  // Runs what is already queued to its end, drops what is delayed, joins the threads. Idempotent;
  // not to be called from a task of this pool.
  void Shutdown() EXCLUDES(mutex_);

 private:
  struct Delayed {
    SteadyTime due;
    uint64_t sequence;  // Among equal times, first posted runs first.
    std::shared_ptr<Task> task;
    bool operator>(const Delayed& other) const {
      return due != other.due ? due > other.due : sequence > other.sequence;
    }
  };

  void Run();
  // Blocks until there is a task or the end; an empty Task means the end.
  Task NextTask() EXCLUDES(mutex_);

  Mutex mutex_;
  CondVar wake_;
  std::queue<Task> ready_ GUARDED_BY(mutex_);
  std::priority_queue<Delayed, std::vector<Delayed>, std::greater<>> delayed_ GUARDED_BY(mutex_);
  uint64_t next_sequence_ GUARDED_BY(mutex_) = 0;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace berth
