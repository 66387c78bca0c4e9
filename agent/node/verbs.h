// SPDX-License-Identifier: Apache-2.0
// Start, stop, reboot and terminate: each one ledger transaction around Decide (lifecycle.h), whose
// answer is the instance as it is after the commit. Thread-safe: no state.
#pragma once

#include <string>

#include "agent/node/node_context.h"

namespace berth::node {

// Submits the verb; `done` gets what NodeAgent promises for it.
void RunVerb(const ContextPtr& context, CallContext call, const std::string& instance_id,
             LifecycleEvent verb, NodeAgent::DoneWith<model::InstanceRecord> done);

}  // namespace berth::node
