// SPDX-License-Identifier: Apache-2.0
// What a guest asks of a host's CPUs, memory and devices. A value; docs/placement.md says what each
// choice means.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/model/shape.h"

namespace berth::placement {

using model::Affinity;
using model::CoreSharing;
using model::CpuPolicy;
using model::DeviceDemand;
using model::EmulatorPolicy;
using model::GuestCell;
using model::kBasePageKib;
using model::Numa;
using model::PageSize;
using model::SmtPolicy;

struct Request {
  int vcpus = 0;  // Their ids are 0 to vcpus - 1.
  int64_t memory_mib = 0;
  CpuPolicy cpu_policy = CpuPolicy::kShared;
  std::vector<int> dedicated_vcpus;  // With kMixed and without explicit cells; ascending.
  SmtPolicy smt_policy = SmtPolicy::kPrefer;
  CoreSharing core_sharing = CoreSharing::kSameTenant;
  EmulatorPolicy emulator_policy = EmulatorPolicy::kShared;
  PageSize page_size;  // Explicit cells have their own.
  std::string tenant;
  Numa numa;
  std::vector<DeviceDemand> devices;
  std::optional<std::vector<int>> node_set;  // Ids of the nodes that may be used; nullopt = all.
  int64_t overhead_mib = 0;  // Small pages on cell 0's node, beside the guest's memory.
  bool operator==(const Request&) const = default;
};

// A guest of that shape.
Request RequestOf(const model::Shape& shape, const std::string& tenant, int64_t overhead_mib);

}  // namespace berth::placement
