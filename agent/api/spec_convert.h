// SPDX-License-Identifier: Apache-2.0
// An instance's spec and shape, from the wire and to it. Pure functions, thread-safe.
#pragma once

#include "agent/api/request_faults.h"
#include "berth/v1/instance.pb.h"
#include "core/model/instance_spec.h"

namespace berth::api {

// An empty tenant means the one that all share who name none.
std::string ToTenant(const std::string& tenant_id);

// Adds to `faults` what the wire can say wrong and the model cannot (both a type and a shape,
// nothing to boot); model::Validate finds the rest. Fields not built yet are not looked at
// (built.h).
model::InstanceSpec ToSpec(const v1::InstanceSpec& spec, RequestFaults& faults);

// As replies show it: defaults filled in, user-data left out.
v1::InstanceSpec FromSpec(const model::InstanceSpec& spec);

}  // namespace berth::api
