// SPDX-License-Identifier: Apache-2.0
// Tells the service manager (sd_notify) how the agent is doing: READY once it answers calls, STATUS
// with each change, WATCHDOG while every loop moves, STOPPING at the end. Without a service manager
// every call does nothing. Thread-safe.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/base/clock.h"
#include "core/base/mutex.h"

namespace berth {

class ServiceManager {
 public:
  using Send = std::function<void(const std::string& state)>;

  // `watchdog`: how often the manager must hear from the agent; nullopt: it does not watch.
  ServiceManager(Send send, std::optional<Duration> watchdog, const Clock& clock);

  void Ready() { send_("READY=1"); }
  void Stopping() { send_("STOPPING=1"); }
  // One line for people.
  void Status(const std::string& text) { send_("STATUS=" + text); }
  // To be called often; tells the manager that the agent is alive, at half its interval, and says
  // nothing while `alive` is false, so that it restarts an agent that is stuck.
  void Pulse(bool alive) EXCLUDES(mutex_);

 private:
  const Send send_;
  const std::optional<Duration> watchdog_;
  const Clock& clock_;
  Mutex mutex_;
  std::optional<SteadyTime> last_pulse_ GUARDED_BY(mutex_);
};

// As systemd has set it up for this process (NOTIFY_SOCKET, WATCHDOG_USEC).
ServiceManager::Send SystemdSend();
std::optional<Duration> SystemdWatchdog();

}  // namespace berth
