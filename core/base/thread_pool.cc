// SPDX-License-Identifier: Apache-2.0
#include "core/base/thread_pool.h"

#include <fmt/format.h>
#include <pthread.h>

#include <exception>
#include <memory>
#include <utility>

#include "core/base/check.h"

namespace berth {

ThreadPool::ThreadPool(std::string name, int threads) {
  BERTH_CHECK(threads > 0, "a pool without threads would never run a task");
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { Run(); });
    const std::string thread_name = threads == 1 ? name : fmt::format("{}-{}", name, i);
    pthread_setname_np(threads_.back().native_handle(), thread_name.substr(0, 15).c_str());
  }
}

ThreadPool::~ThreadPool() { Shutdown(); }

void ThreadPool::Post(Task task) {
  MutexLock lock(mutex_);
  if (stopping_) return;
  ready_.push(std::move(task));
  wake_.NotifyOne();
}

void ThreadPool::PostAfter(Duration delay, Task task) {
  MutexLock lock(mutex_);
  if (stopping_) return;
  delayed_.push({std::chrono::steady_clock::now() + delay, next_sequence_++,
                 std::make_shared<Task>(std::move(task))});
  wake_.NotifyOne();
}

void ThreadPool::Shutdown() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    wake_.NotifyAll();
  }
  for (std::thread& thread : threads_)
    if (thread.joinable()) thread.join();
}

Task ThreadPool::NextTask() {
  MutexLock lock(mutex_);
  for (;;) {
    if (!ready_.empty()) {
      Task task = std::move(ready_.front());
      ready_.pop();
      return task;
    }
    if (stopping_) return nullptr;
    if (delayed_.empty()) {
      wake_.Wait(mutex_);
    } else if (delayed_.top().due <= std::chrono::steady_clock::now()) {
      Task task = std::move(*delayed_.top().task);
      delayed_.pop();
      return task;
    } else {
      const SteadyTime due = delayed_.top().due;
      wake_.WaitUntil(mutex_, due);
    }
  }
}

void ThreadPool::Run() {
  while (Task task = NextTask()) {
    try {
      task();
    } catch (const std::exception& e) {
      Fatal(__FILE__, __LINE__, "exception left a task", e.what());
    } catch (...) {
      Fatal(__FILE__, __LINE__, "exception left a task", "of no known type");
    }
  }
}

}  // namespace berth
