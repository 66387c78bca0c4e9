// SPDX-License-Identifier: Apache-2.0
#include "drivers/libvirt/event_loop.h"

#include <libvirt/libvirt.h>

#include "core/base/check.h"
#include "core/base/mutex.h"
#include "drivers/libvirt/error_map.h"

namespace berth::libvirt {

struct EventLoop::State {
  Mutex mutex;
  CondVar left;
  bool stop GUARDED_BY(mutex) = false;
  bool running GUARDED_BY(mutex) = true;
  int wake_timer = -1;

  bool ShouldStop() {
    MutexLock lock(mutex);
    return stop;
  }
  void Run() {
    while (!ShouldStop()) virEventRunDefaultImpl();
    MutexLock lock(mutex);
    running = false;
    left.NotifyAll();
  }
};

EventLoop::EventLoop(Executor& executor) : state_(std::make_shared<State>()) {
  SilenceLibvirt();
  BERTH_CHECK(virEventRegisterDefaultImpl() == 0, "libvirt refuses its own event loop");
  // Fires only to make the loop look at `stop`, and then rests again.
  state_->wake_timer = virEventAddTimeout(
      -1, [](int timer, void*) { virEventUpdateTimeout(timer, -1); }, nullptr, nullptr);
  BERTH_CHECK(state_->wake_timer >= 0, "libvirt's event loop takes no timer");
  executor.Post([state = state_] { state->Run(); });
}

EventLoop::~EventLoop() {
  MutexLock lock(state_->mutex);
  state_->stop = true;
  virEventUpdateTimeout(state_->wake_timer, 0);
  while (state_->running) state_->left.Wait(state_->mutex);
  virEventRemoveTimeout(state_->wake_timer);
}

}  // namespace berth::libvirt
