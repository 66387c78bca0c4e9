// SPDX-License-Identifier: Apache-2.0
// An operation as the wire shows it. Pure functions, thread-safe.
#pragma once

#include <optional>

#include "berth/v1/operation.pb.h"
#include "core/model/instance_record.h"
#include "core/model/operation.h"

namespace berth::api {

// `record` is the operation's instance, shown as the result of one that succeeded where no later
// operation has touched it; null if it is gone.
v1::Operation FromOperation(const model::Operation& operation, const model::InstanceRecord* record);

// nullopt for UNSPECIFIED and what this agent does not know.
std::optional<model::OperationState> ToOperationState(int state);

}  // namespace berth::api
