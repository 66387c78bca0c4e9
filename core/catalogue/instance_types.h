// SPDX-License-Identifier: Apache-2.0
// The catalogue of instance types (deploy/instance-types.json):
//   {"instance_types": [{"name": "m1.large", "family": "general", "description": "…", "vcpus": 2,
//                        "memory_mib": 8192, "root_disk_mib": 20480, "cpu_policy": "shared"}]}
// root_disk_mib 0 or absent = as the base image; the policies (cpu_policy, smt_policy,
// core_sharing, emulator_policy, page_size, reserve_when_stopped) have the defaults of
// core/model/shape.h; the rest must be there. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/model/instance_type.h"

namespace berth {

// The types in the order of the text. INVALID_ARGUMENT with every fault by its path
// ("instance_types[3].vcpus"); two types of one name are a fault.
StatusOr<std::vector<model::InstanceType>> ParseInstanceTypes(std::string_view text);

}  // namespace berth
