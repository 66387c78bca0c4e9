// SPDX-License-Identifier: Apache-2.0
#include "scheduler/placement.h"

namespace berth::placement {

Claim ToClaim(const Placement& placement, const Request& request, std::string id) {
  Claim claim{.id = std::move(id),
              .tenant = request.tenant,
              .core_sharing = request.core_sharing,
              .cells = {},
              .devices = placement.devices};
  for (const PlacedCell& cell : placement.cells)
    claim.cells.push_back({.node = cell.node,
                           .dedicated_cpus = cell.charged_cpus,
                           .shared_vcpus = static_cast<int64_t>(cell.shared_vcpus.size()),
                           .memory_mib = cell.memory_mib,
                           .page_size_kib = cell.page_size_kib});
  if (request.overhead_mib > 0 && !claim.cells.empty())
    claim.cells.push_back({.node = claim.cells.front().node, .memory_mib = request.overhead_mib});
  return claim;
}

}  // namespace berth::placement
