// SPDX-License-Identifier: Apache-2.0
// What INSUFFICIENT_CAPACITY says, in the units of people: each short resource and by how much,
// what would fit, where to look. Pure.
#pragma once

#include <string>
#include <vector>

#include "core/base/error.h"

namespace berth::cli {

std::vector<std::string> AdviseCapacity(const ErrorDetails& details);

}  // namespace berth::cli
