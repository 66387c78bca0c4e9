// SPDX-License-Identifier: Apache-2.0
// A guest that no node holds, split over as few nodes as will do ("auto"): vCPUs of each kind in
// any amounts, at least one per cell, memory in proportion.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "scheduler/device_choice.h"
#include "scheduler/node_offer.h"
#include "scheduler/node_rank.h"

namespace berth::placement {

struct Split {
  std::vector<size_t> offers;   // For each cell, an index in the offers.
  std::vector<CellNeed> needs;  // For each cell; page sizes are exact.
  DeviceChoice devices;
  bool optimal = true;
};

// The guest's vCPUs as amounts.
struct VcpuCounts {
  int dedicated = 0;
  int shared = 0;
};

// Over two nodes or more. Nullopt: no split works on any number of nodes. Exact up to kExactNodes
// nodes that could take a vCPU; beyond, the fewest nodes are exact and the choice among them is
// not.
std::optional<Split> SplitCells(const Host& host, const std::vector<NodeOffer>& offers,
                                const Request& request, VcpuCounts vcpus,
                                const DeviceChooser& devices);

}  // namespace berth::placement
