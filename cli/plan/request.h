// SPDX-License-Identifier: Apache-2.0
// The planner's request, read from JSON.
#pragma once

#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "scheduler/host_spec.h"
#include "scheduler/request.h"

namespace berth::cli {

// Reads the format of docs/placement.md, strictly: every fault is added with its JSON path. With a
// fault the result is of no use. Without one it is what Place asks for (scheduler/place_exact.h),
// and names only nodes of `host`.
placement::Request RequestFromJson(std::string_view text, const placement::HostSpec& host,
                                   std::vector<FieldViolation>& faults);

}  // namespace berth::cli
