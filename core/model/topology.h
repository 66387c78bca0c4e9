// SPDX-License-Identifier: Apache-2.0
// The host's hardware as plain data (drivers/host reads it).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace berth::model {

struct PagePool {
  int64_t size_kib = 0;
  int64_t total = 0;
  int64_t free = 0;
  bool operator==(const PagePool&) const = default;
};

struct Core {
  std::vector<int> cpus;  // Ids of its logical CPUs, ascending; online and allowed ones only.
  bool operator==(const Core&) const = default;
};

struct NumaNode {
  int id = 0;
  int socket = -1;                     // -1: the platform does not say.
  int64_t memory_mib = 0;              // With the page pools.
  std::vector<Core> cores;             // Empty for a memory-only node.
  std::vector<std::vector<int>> llcs;  // CPUs that share a last-level cache.
  std::vector<PagePool> pages;         // Huge page pools; the base page is not listed.
  std::vector<int> distances;          // To every node, in the order of Topology::nodes.
  bool operator==(const NumaNode&) const = default;
};

// A PCI device of the display class: what GPUs are, and what boards show their console with.
struct PciDevice {
  std::string address;  // "0000:41:00.0".
  int node = -1;        // NUMA node it is near; -1: the platform does not say.
  int vendor_id = 0;
  int device_id = 0;
  int iommu_group = -1;  // -1: none, or not known.
  bool operator==(const PciDevice&) const = default;
};

struct Topology {
  std::vector<NumaNode> nodes;     // Ascending by id; at least one.
  std::vector<PciDevice> devices;  // Ascending by address.
  bool operator==(const Topology&) const = default;

  int CpuCount() const {
    int count = 0;
    for (const NumaNode& node : nodes)
      for (const Core& core : node.cores) count += static_cast<int>(core.cpus.size());
    return count;
  }
  int64_t MemoryMib() const {
    int64_t mib = 0;
    for (const NumaNode& node : nodes) mib += node.memory_mib;
    return mib;
  }
};

}  // namespace berth::model
