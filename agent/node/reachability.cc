// SPDX-License-Identifier: Apache-2.0
#include "agent/node/reachability.h"

#include <algorithm>

namespace berth::node {

RecordPtr WithReachability(RecordPtr record, const HypervisorHealth& health) {
  if (!record->reachable || record->state == model::InstanceState::kTerminated) return record;
  const auto& stuck = health.stuck_guests;
  if (health.connected && std::find(stuck.begin(), stuck.end(), record->id) == stuck.end())
    return record;
  auto unreachable = std::make_shared<model::InstanceRecord>(*record);
  unreachable->reachable = false;
  return unreachable;
}

}  // namespace berth::node
