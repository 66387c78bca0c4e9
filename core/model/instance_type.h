// SPDX-License-Identifier: Apache-2.0
// A named shape of the catalogue (deploy/instance-types.json).
#pragma once

#include <string>

#include "core/model/instance_spec.h"

namespace berth::model {

struct InstanceType {
  std::string name;    // "m1.large"
  std::string family;  // "general"
  std::string description;
  Shape shape;
  int64_t root_disk_mib = 0;  // Default where the request gives none; 0 = as the base image.
  bool operator==(const InstanceType&) const = default;
};

}  // namespace berth::model
