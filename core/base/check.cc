// SPDX-License-Identifier: Apache-2.0
#include "core/base/check.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

namespace berth {

// Straight to stderr: the logger may itself be what is broken.
void Fatal(const char* file, int line, std::string_view what, std::string_view why) {
  fmt::print(stderr, "berth: fatal: {}:{}: {}: {}\n", file, line, what, why);
  std::fflush(stderr);
  std::abort();
}

}  // namespace berth
