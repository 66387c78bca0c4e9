// SPDX-License-Identifier: Apache-2.0
// Looks a host over before it serves: memory, disk, huge pages, IOMMU, CPU, the service manager,
// time. KVM and libvirt are looked at by drivers/libvirt.
//
// Blocking (small files), thread-safe; changes nothing.
#pragma once

#include <vector>

#include "drivers/host/finding.h"
#include "drivers/host/host_paths.h"

namespace berth {

// One finding or more per check, in a fixed order, also where all is well.
std::vector<Finding> CheckHost(const HostPaths& paths);

}  // namespace berth
