// SPDX-License-Identifier: Apache-2.0
// Guest cells of known size onto nodes of their own. Whether it can be done is exact for any number
// of nodes; the best way is exact for one cell, and for up to kExactNodes nodes on which some cell
// fits.
#pragma once

#include <optional>
#include <vector>

#include "scheduler/device_choice.h"
#include "scheduler/node_offer.h"
#include "scheduler/node_rank.h"

namespace berth::placement {

inline constexpr size_t kExactNodes = 8;

struct Assignment {
  std::vector<size_t> offers;  // For each cell, an index in the offers.
  DeviceChoice devices;
  bool optimal = true;
};

// `needs` has at least one cell. Nullopt: it cannot be done.
std::optional<Assignment> AssignCells(const Host& host, const std::vector<NodeOffer>& offers,
                                      const std::vector<CellNeed>& needs,
                                      const DeviceChooser& devices);

}  // namespace berth::placement
