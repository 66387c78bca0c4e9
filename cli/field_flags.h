// SPDX-License-Identifier: Apache-2.0
// Which flag of berthctl fills which field of the contract, so that an error about a field names
// what was typed. Pure.
#pragma once

#include <string>
#include <string_view>

namespace berth::cli {

// "--memory" for "spec.shape.memory_mib"; "" where no flag fills it.
std::string_view FlagOfField(std::string_view field);

}  // namespace berth::cli
