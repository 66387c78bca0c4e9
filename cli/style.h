// SPDX-License-Identifier: Apache-2.0
// Colour on a terminal. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace berth::cli {

enum class Tone { kPlain, kHeading, kGood, kCaution, kBad };

// `text` in its tone; as it is where `colour` is false.
std::string Paint(std::string_view text, Tone tone, bool colour);

}  // namespace berth::cli
