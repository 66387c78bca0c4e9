// SPDX-License-Identifier: Apache-2.0
#include "core/model/claim.h"

namespace berth::model {

Resources HeldToRun(const Placement& placement, int64_t overhead_mib) {
  Resources held{.memory_mib = overhead_mib};
  for (const PlacedCell& cell : placement.cells) {
    held.vcpus += static_cast<int64_t>(cell.shared_vcpus.size());
    held.dedicated_cpus += cell.charged_cpus.Count();
    if (cell.page_size_kib == kBasePageKib) held.memory_mib += cell.memory_mib;
  }
  return held;
}

}  // namespace berth::model
