// SPDX-License-Identifier: Apache-2.0
// "Did you mean …?" Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace berth {

// The name of `known` that `name` was probably meant to be; "" if none is near (more than a third
// of its letters would change).
std::string NearestName(std::string_view name, const std::vector<std::string>& known);

}  // namespace berth
