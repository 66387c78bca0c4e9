// SPDX-License-Identifier: Apache-2.0
// Reading the log of events, in pages. Thread-safe.
#pragma once

#include "agent/node/node_agent.h"
#include "agent/node/node_context.h"

namespace berth::node {

// As NodeAgent::ListEvents.
void ListEvents(const ContextPtr& context, const ListEventsArgs& args,
                NodeAgent::DoneWith<ListEventsResult> done);

}  // namespace berth::node
