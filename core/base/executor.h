// SPDX-License-Identifier: Apache-2.0
// Where work runs. Every thread of the agent's own belongs to an Executor made in main (gRPC's and
// the HTTP server's threads at the rim excepted), and everything else is handed one; tests/sim
// hands in a SimExecutor and runs the whole agent on one thread in virtual time.
#pragma once

#include <functional>

#include "core/base/clock.h"

namespace berth {

using Task = std::function<void()>;

// Thread-safe. Tasks run later, never inside Post, in any order and on any of the executor's
// threads; use a Strand (strand.h) where order matters. After shutdown begins, Post drops tasks
// silently.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual void Post(Task task) = 0;
  // Runs `task` once `delay` has passed. It cannot be cancelled: the task must recognise that it is
  // no longer wanted (compare an attempt number, lock a weak_ptr).
  virtual void PostAfter(Duration delay, Task task) = 0;
};

}  // namespace berth
