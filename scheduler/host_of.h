// SPDX-License-Identifier: Apache-2.0
// The placement rules' host, of what was read of the hardware. Pure.
#pragma once

#include <vector>

#include "core/model/capacity.h"
#include "core/model/topology.h"
#include "scheduler/host_spec.h"

namespace berth::placement {

// The hardware alone. A node without caches has one; one without distances is at 10 to itself and
// 20 to others; one whose socket is not known has a socket of its own. Pages that are not free are
// used by others.
std::vector<Node> NodesOf(const model::Topology& topology);

// Its devices: of kind "gpu", their model by their ids ("10de:2331").
std::vector<Device> DevicesOf(const model::Topology& topology);

// The host as the agent's policy gives it out, without claims. The reserve of memory is spread over
// the nodes in proportion to their small pages. Pages that others use are left to whoever knows
// which of them are claimed (agent/node/book.h).
HostSpec HostSpecOf(const model::Topology& topology, const model::Capacity& capacity);

}  // namespace berth::placement
