// SPDX-License-Identifier: Apache-2.0
// What the fuzzer does with one input, so that what it has found can be run as a test too.
#pragma once

#include <string_view>

namespace berth::cli {

// The first character says what the rest is: 'h' a host and 'r' a request as JSON, 'x' hwloc's XML,
// 's' a synthetic description, 'p' a host and a request with a NUL between them. Small guests on
// small hosts are then placed, and what was placed must leave the book in order. Aborts if not.
void FuzzPlan(std::string_view input);

}  // namespace berth::cli
