// SPDX-License-Identifier: Apache-2.0
// A record with the operation that goes on with it, which is in another record of the node.
#pragma once

#include "agent/node/node_agent.h"
#include "berth/v1/instance.pb.h"

namespace berth::api {

// Whether that operation has not ended.
bool OperationRuns(const NodeAgent& node, const model::InstanceRecord& record);
v1::Instance ShowInstance(const NodeAgent& node, const model::InstanceRecord& record);

}  // namespace berth::api
