// SPDX-License-Identifier: Apache-2.0
// The planner's host as the JSON that HostFromJson reads. Pure.
#pragma once

#include <string>

#include "scheduler/host_spec.h"

namespace berth::cli {

// Ends with a newline. HostFromJson(HostAsJson(host)) is `host`.
std::string HostAsJson(const placement::HostSpec& host);

}  // namespace berth::cli
