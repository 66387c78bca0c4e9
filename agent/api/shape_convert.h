// SPDX-License-Identifier: Apache-2.0
// Shapes, and where they were put, between wire and model. Pure functions, thread-safe.
#pragma once

#include <string>

#include "agent/api/request_faults.h"
#include "berth/v1/placement.pb.h"
#include "berth/v1/shape.pb.h"
#include "core/model/placement.h"
#include "core/model/shape.h"
#include "scheduler/placement.h"

namespace berth::api {

// `path` is that of `shape` in its request ("spec.shape"); faults are of what cannot be read, not
// of what contradicts itself (core/model/validate.h).
model::Shape ToShape(const v1::Shape& shape, const std::string& path, RequestFaults& faults);
v1::Shape FromShape(const model::Shape& shape);

v1::Placement FromPlacement(const model::Placement& placement, int64_t overhead_mib,
                            int64_t disk_mib);
v1::Refusal FromRefusal(const placement::Refusal& refusal);

}  // namespace berth::api
