// SPDX-License-Identifier: Apache-2.0
#include "core/model/placement.h"

namespace berth::model {

CpuSet Placement::ChargedCpus() const {
  CpuSet charged;
  for (const PlacedCell& cell : cells) charged |= cell.charged_cpus;
  return charged;
}

}  // namespace berth::model
