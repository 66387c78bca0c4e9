// SPDX-License-Identifier: Apache-2.0
#include "core/base/strand.h"

#include <utility>

namespace berth {

Strand::Strand(Executor& executor, size_t capacity)
    : capacity_(capacity), state_(std::make_shared<State>(executor)) {}

bool Strand::TryPost(Task task) { return Enqueue(std::move(task), capacity_); }
void Strand::Post(Task task) { Enqueue(std::move(task), SIZE_MAX); }

bool Strand::Enqueue(Task task, size_t limit) {
  {
    MutexLock lock(state_->mutex);
    if (state_->queue.size() >= limit) return false;
    state_->queue.push_back(std::move(task));
    if (state_->running) return true;
    state_->running = true;
  }
  state_->executor.Post([state = state_] { RunNext(state); });
  return true;
}

// One task per turn on the executor, so that a busy strand does not starve the others.
void Strand::RunNext(const std::shared_ptr<State>& state) {
  Task task;
  {
    MutexLock lock(state->mutex);
    task = std::move(state->queue.front());
    state->queue.pop_front();
  }
  task();
  {
    MutexLock lock(state->mutex);
    if (state->queue.empty()) {
      state->running = false;
      return;
    }
  }
  state->executor.Post([state] { RunNext(state); });
}

}  // namespace berth
