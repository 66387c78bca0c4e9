// SPDX-License-Identifier: Apache-2.0
// What the node has, what is given out, and its instances by state: from one view. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "agent/telemetry/families.h"
#include "core/base/clock.h"
#include "core/model/capacity.h"
#include "core/model/condition.h"
#include "core/model/node_view.h"

namespace berth {

// berth_node_{capacity,reserved,allocatable,allocated}_{vcpus,memory_bytes,disk_bytes}; one metric
// per unit, so that sums make sense.
MetricFamilies CapacityFamilies(const model::Capacity& capacity, const model::Resources& allocated);

// berth_instances{state}, berth_ledger_revision, berth_node_cordoned and the like.
MetricFamilies ViewFamilies(const model::NodeView& view);

// berth_node_condition{condition,status}: 1 for what holds.
MetricFamilies ConditionFamilies(const std::vector<model::Condition>& conditions);

// What comparing ledger, hypervisor and disk has given, in plain figures.
struct RecoveryFigures {
  int64_t runs = 0;
  int64_t failures = 0;
  WallTime compared{};  // Zero: never yet.
  std::map<std::string, int64_t>
      differences;  // By kind, of the last comparison; 0 for those not seen.
};

// berth_recovery_runs_total, berth_recovery_failures_total,
// berth_recovery_last_success_timestamp_seconds, berth_recovery_differences{kind}.
MetricFamilies RecoveryFamilies(const RecoveryFigures& figures);

}  // namespace berth
