// SPDX-License-Identifier: Apache-2.0
// Placement by trying everything, for tests: slow, small hosts only, and written from the rules of
// docs/placement.md without any code of the planner's. Not for more than 12 threads per node,
// fabric partitions, or more than one device demand.
#pragma once

#include <compare>
#include <optional>

#include "scheduler/host_spec.h"
#include "scheduler/placement.h"
#include "scheduler/request.h"

namespace berth::placement {

// The best of all ways by the order of docs/placement.md, as far as it is compared here: what
// follows, the least free left and the lowest ids, is not.
struct OracleRank {
  int cells = 0;
  int sockets = 0;
  int caches = 0;
  int cores = 0;
  int broken_cores = 0;
  int unevenness = 0;  // Sum of the squares of the cells' vCPUs; 0 unless the guest was split.
  int distance = 0;    // Among the cells' nodes, both ways; not to devices.
  auto operator<=>(const OracleRank&) const = default;  // NOLINT(modernize-use-nullptr)
};

// Nullopt: there is no way at all.
std::optional<OracleRank> PlaceByTryingAll(const HostSpec& spec, const Request& request);

// The rank of one that has been placed, worked out from its CPUs alone.
OracleRank RankByLooking(const HostSpec& spec, const Request& request, const Placement& placement);

}  // namespace berth::placement
