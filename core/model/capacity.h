// SPDX-License-Identifier: Apache-2.0
// What the host has to give: a policy of the config over the hardware, fixed while the agent runs.
// Each CPU is in one of the three sets: dedicated_cpus, shared_cpus, or neither, which is the
// host's.
#pragma once

#include "core/model/claim.h"

namespace berth::model {

struct Capacity {
  Resources total;     // As the hardware has it; vcpus = logical CPUs, the dedicated ones too.
  Resources reserved;  // Kept back for the host itself; never given out.
  double cpu_overcommit = 1.0;  // Shared vCPUs per shared CPU; >= 1.0.
  CpuSet shared_cpus;
  CpuSet dedicated_cpus;  // total.dedicated_cpus of them.

  // What claims may add up to. Of vCPUs it may be less: the limit is per NUMA node, rounded down.
  Resources Allocatable() const {
    Resources left = total - reserved;
    left.vcpus = static_cast<int64_t>(static_cast<double>(left.vcpus - left.dedicated_cpus) *
                                      cpu_overcommit);
    return left;
  }
  bool operator==(const Capacity&) const = default;
};

}  // namespace berth::model
