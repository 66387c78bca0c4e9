// SPDX-License-Identifier: Apache-2.0
// The answer to a request: where everything goes, or why it cannot.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/model/placement.h"
#include "scheduler/host.h"
#include "scheduler/request.h"

namespace berth::placement {

using model::PlacedCell;
using model::Placement;

// Something that is short, and where. `resource` is one of: dedicated_cpus, shared_vcpus,
// memory_mib, pages_<KiB>, large_pages_mib, page_size (wanted = KiB asked for, free = 0),
// emulator_cpus, smt, devices, numa_nodes, numa_cells (the guest does not divide into that many).
struct Reason {
  std::string resource;
  std::optional<int> node;  // Id; nullopt = of the host as a whole.
  int64_t wanted = 0;
  int64_t free = 0;  // Never below 0.
  int64_t over = 0;  // More is held than there is, by so much: that has to go before any is free.
  bool operator==(const Reason&) const = default;
};

struct Refusal {
  std::vector<Reason> reasons;  // At least one.
  // Dimension -> the largest value below what was asked that fits with all else unchanged: vcpus,
  // memory_mib, devices[i].count. Absent where there is none, and for explicit cells.
  std::map<std::string, int64_t> nearest;
  bool operator==(const Refusal&) const = default;
};

// What a guest costs beside its memory, where that follows from the rest of the request.
using OverheadOf = std::function<int64_t(const Request&)>;

using Answer = std::variant<Placement, Refusal>;

// What the placed guest holds.
Claim ToClaim(const Placement& placement, const Request& request, std::string id);

}  // namespace berth::placement
