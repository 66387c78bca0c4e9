// SPDX-License-Identifier: Apache-2.0
// Where a guest lies on the host: CPUs, nodes, pages, devices. A value.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/base/cpu_set.h"
#include "core/model/shape.h"

namespace berth::model {

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

}  // namespace berth::model
