// SPDX-License-Identifier: Apache-2.0
// A running guest that is nobody's we know: charged for what it has of the host, never touched.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/base/cpu_set.h"
#include "core/model/shape.h"

namespace berth::model {

// What a guest has of the host, as it is defined and as the kernel sees it.
struct GuestHoldings {
  // Host CPUs that each vCPU is pinned to; an empty set: to none. Empty: no vCPU is.
  std::vector<CpuSet> vcpu_pins;
  std::vector<int> bound_nodes;          // NUMA nodes its memory is kept to, ascending; empty: any.
  std::map<int, int64_t> resident_mib;   // By node, where that could be read.
  int64_t page_size_kib = kBasePageKib;  // Of the pages behind its memory.
  std::vector<std::string> devices;      // PCI addresses of the host's that it was given.
  bool operator==(const GuestHoldings&) const = default;
};

struct ForeignGuest {
  std::string uuid;
  std::string name;
  int32_t vcpus = 0;
  int64_t memory_mib = 0;
  GuestHoldings holds;
  bool operator==(const ForeignGuest&) const = default;
};

}  // namespace berth::model
