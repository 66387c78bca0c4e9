// SPDX-License-Identifier: Apache-2.0
// An instance's record as the wire shows it. Pure functions, thread-safe.
#pragma once

#include <optional>

#include "berth/v1/instance.pb.h"
#include "core/model/instance_record.h"

namespace berth::api {

// `operation_runs`: whether the record's operation has not ended; only then is it shown.
v1::Instance FromRecord(const model::InstanceRecord& record, bool operation_runs);

// What a verb answers: right after it an operation runs where the state says so. Of the record
// alone, so that a repeat is answered word for word alike whatever has become of the operation.
v1::Instance FromVerb(const model::InstanceRecord& record);

// True for PENDING, STOPPING and SHUTTING_DOWN, which an operation will end.
bool IsTransitional(model::InstanceState state);

v1::InstanceState FromState(model::InstanceState state);
// nullopt for UNSPECIFIED and what this agent does not know.
std::optional<model::InstanceState> ToState(int state);

v1::Accelerator FromAccel(const std::string& accel);

}  // namespace berth::api
