// SPDX-License-Identifier: Apache-2.0
// What the host has to give: a policy of the config over the hardware, fixed while the agent runs.
#pragma once

#include "core/model/claim.h"

namespace berth::model {

struct Capacity {
  Resources total;              // As the hardware has it; vcpus = logical CPUs.
  Resources reserved;           // Kept back for the host itself; never given out.
  double cpu_overcommit = 1.0;  // Shared vCPUs per CPU that is not reserved; >= 1.0.

  // What claims may add up to.
  Resources Allocatable() const {
    Resources left = total - reserved;
    left.vcpus = static_cast<int64_t>(static_cast<double>(left.vcpus) * cpu_overcommit);
    return left;
  }
  bool operator==(const Capacity&) const = default;
};

}  // namespace berth::model
