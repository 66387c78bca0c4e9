// SPDX-License-Identifier: Apache-2.0
// Compares what the ledger says with what is so, and sets going what follows: at the start of the
// agent, whenever the hypervisor has come back, and on a timer. It changes no record that is there:
// it tells the actors what was found and wakes those with something unfinished. Guests of ours
// without a record it adopts (adoption.h).
//
// Reachability: while the hypervisor is away nothing is compared and no record is written; each
// keeps its last known state, and whoever reads one is told reachable=false
// (agent/node/reachability.h). The run that follows the reconnection brings all states up to date.
//
// Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "agent/instance/registry.h"
#include "agent/ledger/ledger.h"
#include "agent/recovery/diff.h"
#include "core/base/clock.h"
#include "core/base/executor.h"
#include "core/base/log.h"
#include "core/base/random.h"
#include "core/model/error.h"
#include "drivers/hypervisor.h"
#include "drivers/storage/storage.h"

namespace berth {

// The state of the node's recovery, for health and metrics.
struct RecoveryReport {
  int64_t runs = 0;      // That came to an end with a comparison.
  int64_t failures = 0;  // That could not compare.
  WallTime compared{};   // End of the last comparison; the findings are of then.
  Duration took{0};
  model::Error error;  // Why the last run could not compare everything; ok() if it did.
  std::map<recovery::Difference, int64_t> counts;  // Every kind that was found, 0 left out.
  std::vector<recovery::Finding> findings;         // The first 100, foreign guests left out.
  size_t cleanups_pending = 0;                     // Leftovers being ended, when it was compared.
};

class Recovery {
 public:
  using Done = std::function<void(Status)>;

  // All outlive this.
  struct Dependencies {
    Executor& executor;
    const Clock& clock;
    Random& random;
    Ledger& ledger;
    InstanceRegistry& instances;
    Hypervisor& hypervisor;
    Storage& storage;
    Log& log;
    // Told of the foreign guests that run, after each comparison. Cheap; may be empty.
    std::function<void(std::vector<model::ForeignGuest>)> foreign_guests = {};
  };
  struct Settings {
    Duration interval = std::chrono::seconds(60);
    size_t cleanups_at_once = 4;
    // The ledger is a picture of the guests (adoption.h: Mirror): it is drawn anew at each run, and
    // nothing follows from what is found.
    bool only_mirror = false;
  };
  Recovery(Dependencies dependencies, Settings settings);
  ~Recovery();
  Recovery(const Recovery&) = delete;
  Recovery& operator=(const Recovery&) = delete;

  // Begins the timer. Not before the ledger's listener and the hypervisor's sinks are set.
  void Start();
  // Compares once; `done` after everything found has been passed on (not: carried out), or with why
  // nothing could be compared: UNAVAILABLE while the hypervisor is away. A call during a run waits
  // for the next one, since what it is about may have come too late for this one.
  void Run(Done done);
  // For Hypervisor::Subscribe: the connection has come (back) up.
  void HypervisorConnected() { Run(nullptr); }

  // For Storage::Subscribe: files of that instance ("": perhaps of any) are gone. Compared at once,
  // unless something is being done to the instance, which may be what removes them.
  void FilesGone(const std::string& instance_id);

  // Of the last run; never null.
  std::shared_ptr<const RecoveryReport> report() const;

 private:
  class Runner;
  const std::shared_ptr<Runner> runner_;
};

}  // namespace berth
