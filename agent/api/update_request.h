// SPDX-License-Identifier: Apache-2.0
// UpdateInstance in words of the model: which fields its mask names, and their values. Pure
// functions, thread-safe.
#pragma once

#include "agent/api/request_faults.h"
#include "berth/v1/instance_service.pb.h"
#include "core/model/spec_update.h"

namespace berth::api {

// Adds to `faults` each path that is unknown, fixed, or not built, and each value that is none.
model::SpecUpdate ToUpdate(const v1::UpdateInstanceRequest& request, RequestFaults& faults);

}  // namespace berth::api
