// SPDX-License-Identifier: Apache-2.0
// What /healthz and /readyz say, as JSON. Pure.
#pragma once

#include <string>
#include <vector>

#include "agent/health/conditions.h"
#include "agent/health/heartbeats.h"

namespace berth {

struct HealthPage {
  bool good = false;  // 200, else 503.
  std::string json;
};

// Alive: every loop of the agent moves. Nothing outside the agent counts, since a restart would not
// cure it.
HealthPage LivenessPage(const std::vector<LoopState>& loops);

// Ready: new instances can be placed here; "causes" names what stands against it.
HealthPage ReadinessPage(const HealthReport& report);

}  // namespace berth
