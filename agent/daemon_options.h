// SPDX-License-Identifier: Apache-2.0
// The config in the words of each room. Pure.
#pragma once

#include <string>

#include "agent/api/server.h"
#include "agent/config/config.h"
#include "agent/recovery/recovery.h"
#include "agent/telemetry/node_metrics.h"
#include "drivers/host/host_capacity.h"
#include "drivers/libvirt/libvirt_hypervisor.h"

namespace berth {

CapacityPolicy CapacityPolicyOf(const CapacityConfig& config);
LibvirtOptions LibvirtOptionsOf(const HypervisorConfig& config, const std::string& node_id);
api::ApiOptions ApiOptionsOf(const ApiConfig& config);
// Every kind of difference is in it, so that none of its series is ever missing.
RecoveryFigures RecoveryFiguresOf(const RecoveryReport& report);

}  // namespace berth
