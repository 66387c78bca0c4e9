// SPDX-License-Identifier: Apache-2.0
// Reserve and Release. What turns a reservation into an instance is create_flow.h, and what ends
// one whose time has run out is reservation_expiry.h.
#pragma once

#include <string>
#include <vector>

#include "agent/node/admission.h"
#include "agent/node/node_context.h"

namespace berth::node {

// As NodeAgent's methods of the same names.
void Reserve(const ContextPtr& context, CallContext call, ReserveArgs args,
             NodeAgent::DoneWith<model::Reservation> done);
void Release(const ContextPtr& context, CallContext call, const std::string& id,
             NodeAgent::DoneWith<model::Reservation> done);

// From what a caller sent to what can be held, but for what guests are started with.
// INVALID_ARGUMENT with every violation. Pure.
StatusOr<ReservationRequest> ResolveReserve(const CallContext& call, const ReserveArgs& args,
                                            const std::vector<model::InstanceType>& types);

}  // namespace berth::node
