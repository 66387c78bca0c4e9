// SPDX-License-Identifier: Apache-2.0
// How the hypervisor's driver is doing, as metrics. Pure.
#pragma once

#include "agent/telemetry/families.h"
#include "drivers/hypervisor.h"

namespace berth {

// berth_libvirt_up, berth_hypervisor_info{…}, berth_hypervisor_abandoned_calls,
// berth_hypervisor_stuck_guests.
MetricFamilies HypervisorFamilies(const HypervisorHealth& health);

}  // namespace berth
