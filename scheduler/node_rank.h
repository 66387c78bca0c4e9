// SPDX-License-Identifier: Apache-2.0
// What is true of a set of nodes whatever goes where on them, and the order among placements
// (docs/placement.md, "The order").
#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "scheduler/host.h"
#include "scheduler/thread_stock.h"

namespace berth::placement {

// Less is better. The number of nodes is not in it: only placements on equally many are compared.
struct Rank {
  int64_t sockets = 0;
  ThreadCost threads = 0;   // Caches, cores, broken cores.
  uint64_t unevenness = 0;  // Sum of the squares of the cells' vCPUs.
  int64_t distance = 0;     // Between the nodes, both ways, and to devices that should be near.
  int64_t free = 0;         // On the nodes, before the guest comes.
  auto operator<=>(const Rank&) const = default;  // NOLINT(modernize-use-nullptr)
};

// Indexes in HostSpec::nodes.
int64_t SocketsOf(const Host& host, const std::vector<size_t>& nodes);
int64_t DistanceAmong(const Host& host, const std::vector<size_t>& nodes);

}  // namespace berth::placement
