// SPDX-License-Identifier: Apache-2.0
// From a claim's placement to what the hypervisor is asked for, and whether the kernel then did it.
// Pure.
#pragma once

#include "core/base/status.h"
#include "core/model/capacity.h"
#include "core/model/instance_record.h"
#include "core/model/topology.h"
#include "drivers/hypervisor.h"

namespace berth {

// The host that placements are of.
struct HostLayout {
  model::Topology topology;
  model::Capacity capacity;
};

// Fills in the guest's cells, CPUs and threads. A record without a placement leaves them empty, and
// so does a host whose every CPU is shared, where there is nothing to keep guests apart from.
// Memory is bound where there is more than one node.
void LayOut(const model::InstanceRecord& record, const HostLayout& host, GuestSpec* guest);

// Whether a guest that has been started lies as `asked`. INTERNAL, saying what differs. What the
// kernel does not tell (an emulated guest's vCPUs one by one) is compared as far as it does.
Status CheckLayout(const GuestSpec& asked, const GuestState& found);

}  // namespace berth
