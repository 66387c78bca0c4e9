// SPDX-License-Identifier: Apache-2.0
// An operation as it is shown by itself: with what it made, and how far its bytes have come.
#pragma once

#include "agent/node/node_agent.h"
#include "berth/v1/operation.pb.h"

namespace berth::api {

// Thread-safe.
v1::Operation ShowOperation(NodeAgent& node, const model::Operation& operation);

}  // namespace berth::api
