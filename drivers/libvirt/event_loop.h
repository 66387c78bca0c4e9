// SPDX-License-Identifier: Apache-2.0
// libvirt's event loop: delivers events, answers keepalive, notices that a connection closed. It is
// the process's and can be registered only once, before the first connection; it runs here on an
// executor that is handed in, from construction to destruction. Make it before the first connection
// and destroy it after the last.
//
// Thread-safe.
#pragma once

#include <memory>

#include "core/base/executor.h"

namespace berth::libvirt {

class EventLoop {
 public:
  // Holds one thread of `executor` until destroyed.
  explicit EventLoop(Executor& executor);
  // Waits until the loop has left that thread.
  ~EventLoop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace berth::libvirt
