// SPDX-License-Identifier: Apache-2.0
// Reading a serial console's log, which virtlogd keeps bounded by rolling it: console.log is
// renamed to console.log.0, .0 to .1 and so on, and the last is dropped.
//
// Blocking, thread-safe; the log may be written and rolled while it is read.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/status.h"
#include "core/base/unique_fd.h"

namespace berth {

inline constexpr char kConsoleLogName[] = "console.log";

// The last `max_bytes` of the log in `directory`, oldest first, never more than 16 MiB (virtlogd
// keeps less). NOT_FOUND (NO_CONSOLE_OUTPUT) if there is no log.
StatusOr<std::string> ReadConsoleTail(const UniqueFd& directory, int64_t max_bytes);

}  // namespace berth
