// SPDX-License-Identifier: Apache-2.0
// The streams in which instances and the node are followed, and the list of events.
#pragma once

#include "agent/api/node_convert.h"
#include "agent/api/rpc_service.h"
#include "agent/node/node_agent.h"

namespace berth::api {

// All outlive the services.
void ServeInstanceWatches(RpcService& service, NodeAgent& node);
void ServeNodeWatches(RpcService& service, NodeAgent& node, const NodeFacts& facts);

}  // namespace berth::api
