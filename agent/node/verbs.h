// SPDX-License-Identifier: Apache-2.0
// What is asked of an instance that is there: each verb is one ledger transaction around Decide
// (lifecycle.h), whose answer is the instance, or the operation, as it is after the commit.
// Thread-safe: no state. `done` gets what NodeAgent promises for the call.
#pragma once

#include <string>

#include "agent/node/node_context.h"

namespace berth::node {

void RunVerb(const ContextPtr& context, CallContext call, const std::string& instance_id,
             LifecycleEvent verb, NodeAgent::DoneWith<model::InstanceRecord> done);

void Resize(const ContextPtr& context, CallContext call, const std::string& instance_id,
            const ResizeArgs& args, NodeAgent::DoneWith<model::Operation> done);

void Cancel(const ContextPtr& context, CallContext call, const std::string& operation_id,
            NodeAgent::DoneWith<model::Operation> done);

// INVALID_ARGUMENT with each fault of what a verb's call carries, or OK.
Status CheckCall(const CallContext& call, const std::string& instance_id);

}  // namespace berth::node
