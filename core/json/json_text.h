// SPDX-License-Identifier: Apache-2.0
// JSON with comments as a person writes it, read strictly: a repeated member and a runaway nesting
// are faults, and a syntax error says its line. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "core/base/error.h"

namespace berth {

// The value of `text`, or discarded (nlohmann's word) after a syntax error; faults are added to
// `faults`. Never throws.
nlohmann::json ParseJsonText(std::string_view text, std::vector<FieldViolation>& faults);

}  // namespace berth
