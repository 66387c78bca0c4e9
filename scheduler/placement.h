// SPDX-License-Identifier: Apache-2.0
// The answer to a request: where everything goes, or why it cannot.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "scheduler/host.h"
#include "scheduler/request.h"

namespace berth::placement {

struct PlacedCell {
  int node = 0;                                // Id of the host's node.
  std::vector<std::pair<int, int>> vcpu_pins;  // vCPU -> CPU, ascending by vCPU.
  std::vector<int> shared_vcpus;
  CpuSet charged_cpus;  // Pins, siblings that stay empty, the emulator's own thread.
  int64_t memory_mib = 0;
  int64_t page_size_kib = kBasePageKib;
  bool operator==(const PlacedCell&) const = default;
};

struct Placement {
  std::vector<PlacedCell> cells;
  CpuSet emulator_cpus;
  std::vector<std::string> devices;  // In the host's order; whole IOMMU groups.
  bool optimal = true;               // False: it fits, but a better one in the order may exist.
  bool operator==(const Placement&) const = default;

  CpuSet ChargedCpus() const;
};

// Something that is short, and where. `resource` is one of: dedicated_cpus, shared_vcpus,
// memory_mib, pages_<KiB>, large_pages_mib, page_size (wanted = KiB asked for, free = 0),
// emulator_cpus, smt, devices, numa_nodes, numa_cells (the guest does not divide into that many).
struct Reason {
  std::string resource;
  std::optional<int> node;  // Id; nullopt = of the host as a whole.
  int64_t wanted = 0;
  int64_t free = 0;  // Never below 0.
  bool operator==(const Reason&) const = default;
};

struct Refusal {
  std::vector<Reason> reasons;  // At least one.
  // Dimension -> the largest value below what was asked that fits with all else unchanged: vcpus,
  // memory_mib, devices[i].count. Absent where there is none, and for explicit cells.
  std::map<std::string, int64_t> nearest;
  bool operator==(const Refusal&) const = default;
};

using Answer = std::variant<Placement, Refusal>;

// What the placed guest holds.
Claim ToClaim(const Placement& placement, const Request& request, std::string id);

}  // namespace berth::placement
