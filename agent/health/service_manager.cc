// SPDX-License-Identifier: Apache-2.0
#include "agent/health/service_manager.h"

#include <systemd/sd-daemon.h>

#include <utility>

namespace berth {

ServiceManager::ServiceManager(Send send, std::optional<Duration> watchdog, const Clock& clock)
    : send_(std::move(send)), watchdog_(watchdog), clock_(clock) {}

void ServiceManager::Pulse(bool alive) {
  if (!watchdog_ || !alive) return;
  const SteadyTime now = clock_.Now();
  {
    MutexLock lock(mutex_);
    if (last_pulse_ && now - *last_pulse_ < *watchdog_ / 2) return;
    last_pulse_ = now;
  }
  send_("WATCHDOG=1");
}

ServiceManager::Send SystemdSend() {
  // What the manager does not hear it asks for itself; there is nobody else to tell.
  return [](const std::string& state) { (void)sd_notify(/*unset_environment=*/0, state.c_str()); };
}

std::optional<Duration> SystemdWatchdog() {
  uint64_t microseconds = 0;
  if (sd_watchdog_enabled(/*unset_environment=*/0, &microseconds) <= 0) return std::nullopt;
  return std::chrono::duration_cast<Duration>(std::chrono::microseconds(microseconds));
}

}  // namespace berth
