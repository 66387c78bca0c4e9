// SPDX-License-Identifier: Apache-2.0
// Display-class PCI devices of a topology that hwloc has loaded with its PCI devices kept. Private
// to this directory.
#pragma once

#include <vector>

#include "core/model/topology.h"
#include "drivers/host/host_paths.h"

struct hwloc_topology;

namespace berth {

// Ascending by address; without their IOMMU groups, which hwloc does not tell.
std::vector<model::PciDevice> DisplayDevicesOf(hwloc_topology* hwloc);

// Looks their groups up in /sys; a device without one, or of another machine, keeps -1.
void ReadIommuGroups(const HostPaths& paths, std::vector<model::PciDevice>* devices);

}  // namespace berth
