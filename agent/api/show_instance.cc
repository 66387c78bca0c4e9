// SPDX-License-Identifier: Apache-2.0
#include "agent/api/show_instance.h"

#include "agent/api/instance_convert.h"

namespace berth::api {

bool OperationRuns(const NodeAgent& node, const model::InstanceRecord& record) {
  if (IsTransitional(record.state)) return true;
  const auto operation = node.GetOperation(record.operation_id);
  return operation.ok() && !(*operation)->final();
}

v1::Instance ShowInstance(const NodeAgent& node, const model::InstanceRecord& record) {
  return FromRecord(record, OperationRuns(node, record));
}

}  // namespace berth::api
