// SPDX-License-Identifier: Apache-2.0
// CreateInstance and BatchCreateInstances on their way: every fault of the request → what each
// boots from → the one transaction that answers as before, refuses, or admits them.
#pragma once

#include "agent/node/node_context.h"

namespace berth::node {

// As NodeAgent's methods of the same names.
void CreateInstance(const ContextPtr& context, CallContext call, CreateInstanceArgs args,
                    NodeAgent::DoneWith<model::InstanceRecord> done);
void BatchCreateInstances(const ContextPtr& context, CallContext call, BatchCreateArgs args,
                          NodeAgent::DoneWith<model::BatchOutcome> done);

}  // namespace berth::node
