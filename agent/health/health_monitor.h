// SPDX-License-Identifier: Apache-2.0
// Looks at everything once a second, and at once when told that something changed; keeps the latest
// report and tells whoever wants to know of a change.
//
// Thread-safe. Looks run one after the other on a strand of the executor, so listeners never
// overlap.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "agent/health/conditions.h"
#include "agent/health/heartbeats.h"
#include "core/base/clock.h"
#include "core/base/executor.h"
#include "core/base/published.h"
#include "core/base/strand.h"

namespace berth {

// Where the inputs come from. All but `space` answer at once.
struct HealthSources {
  std::function<HypervisorHealth()> hypervisor;
  std::function<model::Error()> ledger;
  std::function<model::Error()> recovery;  // Why the last comparison failed; ok() else.
  std::function<bool()> recovery_done;
  std::function<int64_t()> adopted;                          // As HealthInputs.
  std::function<std::vector<std::string>()> over_committed;  // Where claims hold too much.
  std::function<StatusOr<FileSystemSpace>()> space;  // May block: asked on the storage executor.
};

struct HealthListeners {
  // The report says something else than the one before; also for the first one.
  std::function<void(const HealthReport&)> changed;
  // After each look; `alive` is false when a loop of the agent is stuck.
  std::function<void(bool alive)> looked;
};

class HealthMonitor {
 public:
  // All outlive the monitor; tasks may outlive it.
  struct Dependencies {
    Executor& executor;
    Executor& storage_executor;
    const Clock& clock;
    Heartbeats& heartbeats;
  };
  HealthMonitor(Dependencies dependencies, HealthSources sources, HealthListeners listeners,
                Duration interval = std::chrono::seconds(1));
  ~HealthMonitor();

  // Begins to look; the first report is there soon after.
  void Start();
  // Looks soon, since something has changed.
  void LookSoon();
  // No listener is called any more once this has returned. Not from a listener.
  void Stop();

  std::shared_ptr<const HealthReport> report() const;

 private:
  class Watcher;
  const std::shared_ptr<Watcher> watcher_;
};

}  // namespace berth
