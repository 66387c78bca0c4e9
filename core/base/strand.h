// SPDX-License-Identifier: Apache-2.0
// Runs tasks one after the other, in the order posted, on a shared Executor. Two tasks of one
// strand never overlap, so what only they touch needs no lock.
//
// Thread-safe. Destroying a Strand is safe while tasks are queued: they still run, so they must not
// hold plain references to what dies with the Strand's owner (use weak_ptr, or share the owner). An
// executor that drops a strand's turn, as at its end, drops all the tasks that wait with it.
#pragma once

#include <deque>
#include <memory>

#include "core/base/executor.h"
#include "core/base/mutex.h"

namespace berth {

class Strand {
 public:
  // `executor` outlives every task. At most `capacity` tasks wait at a time.
  explicit Strand(Executor& executor, size_t capacity = SIZE_MAX);

  // False, and the task is dropped, when `capacity` tasks wait already: the caller answers
  // UNAVAILABLE. Never waits.
  [[nodiscard]] bool TryPost(Task task);
  // As TryPost, without the limit: for outcomes of our own work, which may not be lost.
  void Post(Task task);

 private:
  struct State {
    explicit State(Executor& e) : executor(e) {}
    Executor& executor;
    Mutex mutex;
    std::deque<Task> queue GUARDED_BY(mutex);
    bool running GUARDED_BY(mutex) = false;
  };
  class Turn;
  static void PostTurn(const std::shared_ptr<State>& state);
  bool Enqueue(Task task, size_t limit);

  size_t capacity_;
  std::shared_ptr<State> state_;
};

}  // namespace berth
