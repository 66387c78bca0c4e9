// SPDX-License-Identifier: Apache-2.0
// An operation as text. Pure; ends with a newline.
#pragma once

#include <string>

#include "berth/v1/operation.pb.h"
#include "core/base/clock.h"

namespace berth::cli {

std::string RenderOperation(const berth::v1::Operation& operation, bool colour, WallTime now);

}  // namespace berth::cli
