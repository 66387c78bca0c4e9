// SPDX-License-Identifier: Apache-2.0
#include "drivers/libvirt/call_lane.h"

#include <fmt/format.h>

#include <utility>

#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth::libvirt {

std::optional<Status> CallLane::WhyNot() const {
  if (link == Link::kDown) return why_down;
  if (abandoned < options.abandoned_cap) return std::nullopt;
  return MakeError(
      StatusCode::kUnavailable, reasons::kHypervisorUnavailable,
      fmt::format("{} calls into libvirt have not come back; no more are made until one does",
                  abandoned));
}

int CallLane::Burden() const {
  constexpr int kNotConnected = 1'000'000, kRefusing = 2'000'000;  // More calls never wait.
  const int calls = in_flight + static_cast<int>(waiting.size());
  if (WhyNot()) return kRefusing + calls;
  return link == Link::kUp ? calls : kNotConnected + calls;
}

std::shared_ptr<Call> CallLane::TakeNext() {
  if (link != Link::kUp || waiting.empty() || in_flight >= options.in_flight) return nullptr;
  std::shared_ptr<Call> call = std::move(waiting.front());
  waiting.pop_front();
  return call;
}

bool CallLane::Uses(const std::weak_ptr<Connection>& other) const {
  // Compared without making an owner of it: that owner could be the last, and would have to close
  // it.
  return connection != nullptr && !connection.owner_before(other) &&
         !other.owner_before(connection);
}

std::unique_ptr<ThreadPool> CallLane::TakeThread() {
  if (idle_threads.empty())
    return std::make_unique<ThreadPool>(
        fmt::format("lv-{}-{}", NameOf(ClassOf(id)), threads_made++), 1);
  std::unique_ptr<ThreadPool> thread = std::move(idle_threads.back());
  idle_threads.pop_back();
  return thread;
}

}  // namespace berth::libvirt
