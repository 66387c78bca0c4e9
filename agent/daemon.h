// SPDX-License-Identifier: Apache-2.0
// The whole agent: every object, made in order and taken down in reverse. Together with main.cc the
// only place that knows all types; what happens between them is in the rooms.
//
// Order: directories and lock, ledger, storage, hypervisor, instances and node, recovery, health,
// HTTP, gRPC. A hypervisor that is away does not keep the agent from starting: it answers reads,
// says NOT_SERVING for instances, and becomes ready by itself.
//
// Not thread-safe: made, stopped and destroyed by main's thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/config/load.h"
#include "core/base/log.h"
#include "core/base/status.h"

namespace berth {

class Daemon {
 public:
  // Starts everything and returns once calls are answered. `log` outlives the daemon. An error says
  // what could not be had and what to do; what was started is taken down again.
  // `restart` is called, from any thread, when this daemon is to be stopped and another one
  // started.
  static StatusOr<std::unique_ptr<Daemon>> Start(Settings settings, Log& log,
                                                 std::function<void()> restart);

  // As Stop.
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Takes no more calls, lets running ones end for a moment, and takes everything down. Guests run
  // on. Idempotent.
  void Stop();

 private:
  struct Parts;
  explicit Daemon(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

// The exit code of an agent that could not start for `status` (docs/operations.md).
int ExitCodeFor(const Status& status);

inline constexpr int kExitFailure = 1;    // Anything else: the message says what.
inline constexpr int kExitBadConfig = 2;  // Flags, config or catalogue.
inline constexpr int kExitInUse = 3;      // Another agent has the state directory or the ledger.
inline constexpr int kExitLedger = 4;     // The ledger is another node's, newer, or unreadable.

}  // namespace berth
