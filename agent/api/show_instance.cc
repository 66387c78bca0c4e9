// SPDX-License-Identifier: Apache-2.0
#include "agent/api/show_instance.h"

#include "agent/api/instance_convert.h"

namespace berth::api {

v1::Instance ShowInstance(const NodeAgent& node, const model::InstanceRecord& record) {
  if (IsTransitional(record.state)) return FromRecord(record, /*operation_runs=*/true);
  const auto operation = node.GetOperation(record.operation_id);
  return FromRecord(record, operation.ok() && !(*operation)->final());
}

}  // namespace berth::api
