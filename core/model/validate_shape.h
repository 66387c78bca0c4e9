// SPDX-License-Identifier: Apache-2.0
// What a shape must be in itself, whatever the host. Pure.
#pragma once

#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/model/shape.h"

namespace berth::model {

// Every fault with its path, `path` being that of the shape ("spec.shape"); empty = valid. A valid
// shape is what the placement rules may be asked about (scheduler/place_exact.h).
std::vector<FieldViolation> ValidateShape(const Shape& shape, const std::string& path);

}  // namespace berth::model
