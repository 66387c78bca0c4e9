// SPDX-License-Identifier: Apache-2.0
// The services of berth.v1, as descriptors. Thread-safe.
#pragma once

#include <vector>

#include "google/protobuf/descriptor.h"

namespace berth::api {

std::vector<const google::protobuf::ServiceDescriptor*> ContractServices();

}  // namespace berth::api
