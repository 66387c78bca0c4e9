// SPDX-License-Identifier: Apache-2.0
// What the node has, what is given out, and its instances by state: from one view. Pure.
#pragma once

#include <vector>

#include "agent/telemetry/families.h"
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

}  // namespace berth
