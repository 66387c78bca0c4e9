// SPDX-License-Identifier: Apache-2.0
// A diagnostic interrupt: the one verb that is nothing but a call to the hypervisor. Thread-safe:
// no state. `done` gets what NodeAgent promises for the call.
#pragma once

#include <string>

#include "agent/node/node_context.h"

namespace berth::node {

// Checks, sends, and then keeps the answer, so that a repeat sends nothing; one whose answer was
// lost in between sends again.
void Interrupt(const ContextPtr& context, CallContext call, const std::string& instance_id,
               NodeAgent::DoneWith<model::InstanceRecord> done);

}  // namespace berth::node
