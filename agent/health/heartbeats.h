// SPDX-License-Identifier: Apache-2.0
// Whether the agent's loops still move: a small task is posted to each, and the time it ran is
// noted. A loop that has not run one for too long is stuck, and with it the agent: /healthz says so
// and the service manager's watchdog is no longer fed.
//
// Only for executors whose tasks never block (work, ledger); a pool that waits for disks may
// rightly be busy. Thread-safe after the last Watch.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/executor.h"

namespace berth {

struct LoopState {
  std::string name;
  Duration silent_for{0};  // Since its last beat.
  bool alive = true;
};

class Heartbeats {
 public:
  // `clock` outlives this; a loop counts as stuck when it has been silent for longer than `limit`.
  Heartbeats(const Clock& clock, Duration limit) : clock_(clock), limit_(limit) {}

  // `executor` outlives this.
  void Watch(std::string name, Executor& executor);
  // Posts a task to each loop that has run the last one. Never waits.
  void Beat();
  std::vector<LoopState> Look() const;
  bool AllAlive() const;

 private:
  // Shared with the tasks, which may run after this is gone.
  struct Beats {
    std::atomic<SteadyTime> last;
    std::atomic<bool> waiting{false};
  };
  struct Loop {
    std::string name;
    Executor* executor;
    std::shared_ptr<Beats> beats;
  };

  const Clock& clock_;
  const Duration limit_;
  std::vector<Loop> loops_;
};

}  // namespace berth
