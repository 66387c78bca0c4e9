// SPDX-License-Identifier: Apache-2.0
// Requests about instances in words of the model. Each function adds what it finds wrong to
// `faults`, by the exact path of the field; its result is for use only if there are none.
//
// Pure functions, thread-safe.
#pragma once

#include <string_view>
#include <vector>

#include "agent/api/request_faults.h"
#include "agent/instance/lifecycle.h"
#include "agent/node/node_agent.h"
#include "berth/v1/instance_service.pb.h"
#include "berth/v1/reservation_service.pb.h"
#include "core/model/instance_type.h"

namespace berth::api {

// With every fault of the spec, also that its type is none of `types`.
CreateInstanceArgs ToCreate(const v1::CreateInstanceRequest& request,
                            const std::vector<model::InstanceType>& types, RequestFaults& faults);
// Likewise with every fault of every entry.
BatchCreateArgs ToBatch(const v1::BatchCreateInstancesRequest& request,
                        const std::vector<model::InstanceType>& types, RequestFaults& faults);
// Likewise, for the instance that a reservation is to become.
CreateInstanceArgs ToCommit(const v1::CommitRequest& request,
                            const std::vector<model::InstanceType>& types, RequestFaults& faults);
ListInstancesArgs ToList(const v1::ListInstancesRequest& request, RequestFaults& faults);
StopRequested ToStop(const v1::StopInstanceRequest& request, RequestFaults& faults);
RebootRequested ToReboot(const v1::RebootInstanceRequest& request, RequestFaults& faults);
TerminateRequested ToTerminate(const v1::TerminateInstanceRequest& request, RequestFaults& faults);
// With every fault of the type or shape.
ResizeArgs ToResize(const v1::ResizeInstanceRequest& request,
                    const std::vector<model::InstanceType>& types, RequestFaults& faults);
// The number of bytes wanted.
int32_t ToConsoleBytes(const v1::GetConsoleOutputRequest& request, RequestFaults& faults);

// The whole way from bytes to arguments, as a CreateInstance call goes it; for the fuzzer.
StatusOr<CreateInstanceArgs> DecodeCreate(std::string_view bytes,
                                          const std::vector<model::InstanceType>& types);

}  // namespace berth::api
