// SPDX-License-Identifier: Apache-2.0
// berth.v1.OperationService, as far as it is built: one function for each RPC.
#pragma once

#include "agent/api/rpc_service.h"
#include "agent/node/node_agent.h"

namespace berth::api {

// `node` outlives `service`, which is OperationService's.
void ServeOperations(RpcService& service, NodeAgent& node);

}  // namespace berth::api
