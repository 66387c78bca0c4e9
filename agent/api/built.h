// SPDX-License-Identifier: Apache-2.0
// Which parts of the contract's requests this agent does not serve yet. A feature is switched on by
// taking its lines out of built.cc, beside the conversion that then honours it.
//
// Pure functions, thread-safe.
#pragma once

#include "google/protobuf/descriptor.h"

namespace berth::api {

// False: a request that sets this field is refused with NOT_IMPLEMENTED_YET.
bool IsBuilt(const google::protobuf::FieldDescriptor& field);
// Likewise for a value of an enum.
bool IsBuilt(const google::protobuf::EnumValueDescriptor& value);

}  // namespace berth::api
