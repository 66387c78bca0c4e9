// SPDX-License-Identifier: Apache-2.0
// berth.v1.NodeService, as far as it is built: one function for each RPC.
#pragma once

#include "agent/api/node_convert.h"
#include "agent/api/rpc_service.h"
#include "agent/node/node_agent.h"

namespace berth::api {

// What GetNode answers.
v1::Node ShowNode(const NodeAgent& node, const NodeFacts& facts);

// Both outlive `service`, which is NodeService's.
void ServeNode(RpcService& service, NodeAgent& node, const NodeFacts& facts);

}  // namespace berth::api
