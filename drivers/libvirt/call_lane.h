// SPDX-License-Identifier: Apache-2.0
// One lane of calls: the connection it has, the calls that wait for it, its threads, and how many
// of them are lost. Only keeps the books; calls.h runs and abandons.
//
// Not thread-safe.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/status.h"
#include "core/base/thread_pool.h"
#include "drivers/libvirt/calls.h"
#include "drivers/libvirt/connection.h"

namespace berth::libvirt {

struct CallLane {
  enum class Link { kConnecting, kUp, kDown };

  LaneId id = LaneId::kQueries;
  CallClassOptions options;
  Link link = Link::kConnecting;
  Status why_down;
  std::shared_ptr<Connection> connection;  // Where the link is up.
  std::deque<std::shared_ptr<Call>> waiting;
  int in_flight = 0;  // Without the abandoned ones.
  int abandoned = 0;

  // Why a call cannot even wait here; nothing if it can.
  std::optional<Status> WhyNot() const;
  // Less is sooner: a lane that can take no call comes last, one without a connection before it.
  int Burden() const;
  // The next call to run now; null if none waits, or the connection or a free place is missing.
  std::shared_ptr<Call> TakeNext();
  // True if this is the connection in use.
  bool Uses(const std::weak_ptr<Connection>& other) const;
  // A thread that is free, or a new one.
  std::unique_ptr<ThreadPool> TakeThread();

  std::vector<std::unique_ptr<ThreadPool>> idle_threads;  // Of one thread each.
  int threads_made = 0;
};

}  // namespace berth::libvirt
