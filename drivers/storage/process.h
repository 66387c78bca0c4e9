// SPDX-License-Identifier: Apache-2.0
// Runs one program to its end, without a shell and without trusting it: bounded in time, memory,
// CPU, file size and in what it may say.
//
// Blocks the calling thread until the program has ended. Thread-safe. Nothing of the program's
// process group outlives the call, and only that group is ever signalled. The program is killed if
// the agent dies; what it had half written is left.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/status.h"
#include "drivers/storage/confinement.h"

namespace berth {

struct ProcessLimits {
  Duration timeout = std::chrono::seconds(30);
  int64_t address_space_bytes = int64_t{1} << 30;
  int64_t cpu_seconds = 20;
  int64_t file_bytes = int64_t{1} << 30;  // Of any one file it writes.
  size_t output_bytes = 256 * 1024;       // Of its standard output; the same again for its errors.
  // Set: it may open these files and no others, and make only harmless system calls
  // (confinement.h).
  std::optional<FileAccess> files;
};

struct ProcessResult {
  int exit_code = 0;
  std::string output;  // Standard output, whole.
  std::string errors;  // Standard error, cut at the limit, without the final newline.
};

// Runs `arguments` (the first is the program's absolute path) with an almost empty environment, "/"
// as its directory and nothing on standard input. The program ended by itself: its result, whatever
// the exit code. Otherwise DEADLINE_EXCEEDED (killed at the timeout), NOT_FOUND (no such program),
// RESOURCE_EXHAUSTED (more output than allowed), or INTERNAL (it died of a signal, or could not be
// started).
StatusOr<ProcessResult> RunProcess(const std::vector<std::string>& arguments,
                                   const ProcessLimits& limits);

}  // namespace berth
