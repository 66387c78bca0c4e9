// SPDX-License-Identifier: Apache-2.0
// From what a caller sent to what the node can place: every fault of the request at once, and the
// instance type replaced by its shape. Pure.
#pragma once

#include <string>
#include <vector>

#include "agent/node/node_agent.h"

namespace berth::node {

struct ResolvedSpec {
  model::InstanceSpec spec;  // With its shape.
  // Root disk of the type, for where the request names no size; 0 = as the base image.
  int64_t default_root_disk_mib = 0;
};

// Null if there is none of that name.
const model::InstanceType* FindType(const std::string& name,
                                    const std::vector<model::InstanceType>& types);

// INVALID_ARGUMENT with every violation. An unknown type is one; it names the nearest known ones.
StatusOr<ResolvedSpec> Resolve(const CallContext& call, const CreateInstanceArgs& args,
                               const std::vector<model::InstanceType>& types);

// As Resolve, for a type or a shape alone; fields are named "instance_type", "shape.vcpus".
StatusOr<ResolvedSpec> ResolveShape(const CallContext& call, const std::string& instance_type,
                                    const model::Shape& shape, const std::string& tenant_id,
                                    const std::vector<model::InstanceType>& types);

// Faults of what every mutating call carries.
std::vector<FieldViolation> CallFaults(const CallContext& call);

}  // namespace berth::node
