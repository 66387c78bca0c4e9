// SPDX-License-Identifier: Apache-2.0
// Keeps every lane of calls connected: opens what is missing, again and again with growing pauses,
// and tells Calls what to do meanwhile. Opening may block for ever (a frozen daemon still accepts),
// so it happens on one thread of its own; an attempt past its deadline makes the lanes answer
// UNAVAILABLE, but no second one is started until it comes back: more of them would only be more
// lost threads.
//
// Thread-safe.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/executor.h"
#include "core/base/log.h"
#include "core/base/mutex.h"
#include "core/base/thread_pool.h"
#include "drivers/libvirt/calls.h"
#include "drivers/libvirt/connection.h"

namespace berth::libvirt {

struct ConnectorOptions {
  std::string uri;
  Duration deadline = std::chrono::seconds(10);
  Duration retry_first = std::chrono::milliseconds(200);
  Duration retry_max = std::chrono::seconds(5);
  int keepalive_interval_s = 5;
  unsigned keepalive_count = 3;
};

// How the connections are; a part of HypervisorHealth.
struct ConnectorHealth {
  bool connected = false;
  std::string error;
  std::string version;
  std::shared_ptr<const std::vector<std::string>> cpu_models;  // Null: not known.
  bool attempt_stuck =
      false;  // The thread that opens connections is inside libvirt past its deadline.
};

class Connector {
 public:
  struct Hooks {
    // Prepares a new connection (events, for queries) before calls use it; on the connector's
    // thread.
    std::function<Status(CallClass, Connection&)> opened;
    // All lanes have a connection, and at least the one with events is new.
    std::function<void()> connected;
  };

  // `executor` and `log` outlive this; the hooks may run until Shutdown returns, `opened` also
  // later on a thread that was left behind. Nothing happens before Start.
  Connector(ConnectorOptions options, std::shared_ptr<Calls> calls, Executor& executor, Log& log,
            Hooks hooks);
  ~Connector();

  void Start();
  ConnectorHealth health() const;
  // Stops trying; waits up to `grace` for an attempt that is out, and leaves its thread behind if
  // it does not come back. Once.
  void Shutdown(Duration grace);

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace berth::libvirt
