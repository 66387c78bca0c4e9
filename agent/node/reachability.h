// SPDX-License-Identifier: Apache-2.0
// Whether the shown state of an instance is fresh or only the last one known. Derived whenever a
// record is read, from the hypervisor's own health, and never stored: losing libvirtd would
// otherwise rewrite every record, and writing them back could be lost half-way. A terminated
// instance has no guest to reach and is always as shown. Pure.
#pragma once

#include "agent/node/node_context.h"

namespace berth::node {

// `record` itself, or a copy that says reachable=false.
RecordPtr WithReachability(RecordPtr record, const HypervisorHealth& health);

}  // namespace berth::node
