// SPDX-License-Identifier: Apache-2.0
// Looks through every field of a request, however deep.
//
// Pure function, thread-safe.
#pragma once

#include <string_view>

#include "agent/api/request_faults.h"
#include "google/protobuf/message.h"

namespace berth::api {

// Finds fields and enum values that the contract does not have, text with control characters, and
// fields and values that the contract has and this agent does not serve yet (built.h).
// `bytes` are those that `request` was parsed from.
void WalkRequest(std::string_view bytes, const google::protobuf::Message& request,
                 RequestFaults& faults);

}  // namespace berth::api
