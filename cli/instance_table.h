// SPDX-License-Identifier: Apache-2.0
// Instances as text: a row each, or in full. Pure; ends with a newline.
#pragma once

#include <google/protobuf/repeated_ptr_field.h>

#include <string>

#include "berth/v1/instance.pb.h"
#include "core/base/clock.h"

namespace berth::cli {

struct InstanceTableOptions {
  bool wide = false;
  bool colour = false;
  WallTime now{};
};

// The id is the first column.
std::string RenderInstances(
    const google::protobuf::RepeatedPtrField<berth::v1::Instance>& instances,
    const InstanceTableOptions& options);

// All there is to know of one; `wide` adds placement, disks and interfaces.
std::string RenderInstance(const berth::v1::Instance& instance,
                           const InstanceTableOptions& options);

}  // namespace berth::cli
