// SPDX-License-Identifier: Apache-2.0
#include "scheduler/request.h"

namespace berth::placement {

Request RequestOf(const model::Shape& shape, const std::string& tenant, int64_t overhead_mib) {
  Request request{.vcpus = shape.vcpus,
                  .memory_mib = shape.memory_mib,
                  .cpu_policy = shape.cpu_policy,
                  .dedicated_vcpus = shape.dedicated_vcpus,
                  .smt_policy = shape.smt_policy,
                  .core_sharing = shape.core_sharing,
                  .emulator_policy = shape.emulator_policy,
                  .page_size = shape.page_size,
                  .tenant = tenant,
                  .numa = shape.numa,
                  .devices = shape.devices,
                  .node_set = {},
                  .overhead_mib = overhead_mib};
  if (!shape.node_set.empty()) request.node_set = shape.node_set;
  return request;
}

}  // namespace berth::placement
