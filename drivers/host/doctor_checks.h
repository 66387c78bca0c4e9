// SPDX-License-Identifier: Apache-2.0
// The checks of CheckHost (doctor.h) about memory and devices; each may be called by itself.
//
// Blocking (small files), thread-safe.
#pragma once

#include <vector>

#include "drivers/host/finding.h"
#include "drivers/host/host_facts.h"
#include "drivers/host/host_paths.h"

namespace berth {

Finding CheckMemory(const HostFacts& facts);
// One finding per NUMA node that has page pools, and one per node with memory and without pages
// beside such nodes; a single one where no node has any.
std::vector<Finding> CheckHugepages(const HostPaths& paths);
Finding CheckTransparentHugepages(const HostPaths& paths);
// On, off though the firmware describes one, or not there at all.
Finding CheckIommu(const HostPaths& paths, const HostFacts& facts);

}  // namespace berth
