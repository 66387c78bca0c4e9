// SPDX-License-Identifier: Apache-2.0
// ImageService over the node's use cases.
#pragma once

#include "agent/api/rpc_service.h"
#include "agent/node/node_agent.h"

namespace berth::api {

// `node` outlives the service.
void ServeImages(RpcService& service, NodeAgent& node);

}  // namespace berth::api
