// SPDX-License-Identifier: Apache-2.0
#include "core/base/strand.h"

#include <utility>

namespace berth {

// One task per turn on the executor, so that a busy strand does not starve the others. A turn that
// the executor drops takes the waiting tasks along: they often share the strand's owner, and would
// otherwise keep it, and with it themselves, alive for ever.
class Strand::Turn {
 public:
  explicit Turn(std::shared_ptr<State> state) : state_(std::move(state)) {}
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    if (state_ == nullptr) return;
    std::deque<Task> dropped;  // Destroyed without the lock: a task's end may post to this strand.
    MutexLock lock(state_->mutex);
    dropped.swap(state_->queue);
    state_->running = false;
  }

  void Run() {
    const std::shared_ptr<State> state = std::move(state_);
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
    PostTurn(state);
  }

 private:
  std::shared_ptr<State> state_;  // Null once the turn was taken.
};

void Strand::PostTurn(const std::shared_ptr<State>& state) {
  state->executor.Post([turn = std::make_shared<Turn>(state)] { turn->Run(); });
}

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
  PostTurn(state_);
  return true;
}

}  // namespace berth
