// SPDX-License-Identifier: Apache-2.0
#include "drivers/host/topology_devices.h"

#include <fmt/format.h>
#include <hwloc.h>

#include <algorithm>
#include <filesystem>

#include "drivers/host/text_file.h"

namespace berth {
namespace {

constexpr unsigned kDisplayClass = 0x03;  // VGA, 3D and other display controllers.

// The one NUMA node that the device is near; -1 where it is near several, or none.
int NodeOf(hwloc_topology_t hwloc, hwloc_obj_t device) {
  const hwloc_obj_t near = hwloc_get_non_io_ancestor_obj(hwloc, device);
  if (near == nullptr || near->nodeset == nullptr || hwloc_bitmap_weight(near->nodeset) != 1)
    return -1;
  return hwloc_bitmap_first(near->nodeset);
}

}  // namespace

std::vector<model::PciDevice> DisplayDevicesOf(hwloc_topology* hwloc) {
  std::vector<model::PciDevice> devices;
  hwloc_obj_t object = nullptr;
  while ((object = hwloc_get_next_pcidev(hwloc, object)) != nullptr) {
    const auto& pci = object->attr->pcidev;
    if (pci.class_id >> 8 != kDisplayClass) continue;
    devices.push_back({.address = fmt::format("{:04x}:{:02x}:{:02x}.{:x}", pci.domain, pci.bus,
                                              pci.dev, pci.func),
                       .node = NodeOf(hwloc, object),
                       .vendor_id = pci.vendor_id,
                       .device_id = pci.device_id});
  }
  std::sort(devices.begin(), devices.end(),
            [](const auto& a, const auto& b) { return a.address < b.address; });
  return devices;
}

void ReadIommuGroups(const HostPaths& paths, std::vector<model::PciDevice>* devices) {
  for (model::PciDevice& device : *devices) {
    std::error_code error;
    const auto link = std::filesystem::read_symlink(
        paths.Under("/sys/bus/pci/devices/" + device.address + "/iommu_group"), error);
    const auto group = error ? std::nullopt : ParseNumber(link.filename().string());
    device.iommu_group = static_cast<int>(group.value_or(-1));
  }
}

}  // namespace berth
