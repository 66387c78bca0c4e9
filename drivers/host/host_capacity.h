// SPDX-License-Identifier: Apache-2.0
// How much of the hardware instances may have: the config's reserve over what was read.
//
// Pure functions.
#pragma once

#include <cstdint>
#include <optional>

#include "core/model/capacity.h"
#include "core/model/topology.h"
#include "drivers/storage/storage.h"

namespace berth {

// What is not set is chosen by the host's size (DefaultReserve). CPUs that the host has not, or not
// online, are left out.
struct CapacityPolicy {
  std::optional<int64_t> reserved_cpus;  // Without shared_cpus: so many threads, by whole cores.
  std::optional<CpuSet> shared_cpus;     // nullopt: all that are neither dedicated nor reserved.
  CpuSet dedicated_cpus;
  std::optional<int64_t> reserved_memory_mib;
  std::optional<int64_t> reserved_disk_mib;
  double cpu_overcommit = 4.0;  // Below 1.0 is taken as 1.0.
};

// What a host of that size keeps for itself: one CPU in sixteen, but none on up to four CPUs, where
// guests and host share; memory 1 GiB and one part in sixteen, at most 16 GiB and at most a
// quarter; disk one part in twenty, at most 32 GiB.
model::Resources DefaultReserve(const model::Resources& total);

// Capacity as the ledger admits by it. Page pools are not part of `memory_mib`. Of the disk, what
// others use on the same file system counts as reserved, beside the policy's reserve. A reserve
// larger than the host leaves nothing, not less than nothing.
model::Capacity CapacityOf(const model::Topology& topology, const FileSystemSpace& space,
                           const CapacityPolicy& policy);

}  // namespace berth
