// SPDX-License-Identifier: Apache-2.0
// berth.v1.ReservationService.
#pragma once

#include "agent/api/rpc_service.h"
#include "agent/node/node_agent.h"

namespace berth::api {

// Gives the service its handlers; `node` outlives it.
void ServeReservations(RpcService& service, NodeAgent& node);

}  // namespace berth::api
