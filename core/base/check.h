// SPDX-License-Identifier: Apache-2.0
// Invariants, on in release too: a broken one means this process no longer knows what is true, so
// it stops and is started again from the ledger.
#pragma once

#include <string_view>

namespace berth {

// Logs and aborts. For BERTH_CHECK and for an end that no caller can handle (a COMMIT of unknown
// outcome).
[[noreturn]] void Fatal(const char* file, int line, std::string_view what, std::string_view why);

}  // namespace berth

#define BERTH_CHECK(condition, why)                                               \
  do {                                                                            \
    if (!(condition)) [[unlikely]]                                                \
      ::berth::Fatal(__FILE__, __LINE__, "invariant broken: " #condition, (why)); \
  } while (false)
