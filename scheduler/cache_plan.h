// SPDX-License-Identifier: Apache-2.0
// How to take threads from the cores of one cache. Part of thread_stock.h.
#pragma once

#include "scheduler/thread_stock.h"

namespace berth::placement {

// Cores to take threads of, by how many are free on each. `trim` threads stay free on one of the
// cores that are taken; on a broken whole core only where it cannot be helped.
struct CachePlan {
  std::array<uint16_t, kThreadsPerCoreMax + 1> whole{};
  std::array<uint16_t, kThreadsPerCoreMax + 1> part{};
  int trim = 0;
  // The emulator's own core under kRequire and kIsolate: threads free on it, 0 = no such.
  int emulator_free = 0;
  bool emulator_on_whole = false;
  ThreadPrice price;  // Without the cache itself.
};

// The cheapest plan within need.most_charged. `need` may be nothing at all, which costs nothing.
CachePlan PlanCache(const CacheStock& stock, SmtPolicy policy, ThreadNeed need);

}  // namespace berth::placement
