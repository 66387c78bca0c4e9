// SPDX-License-Identifier: Apache-2.0
// How berthctl ends; scripts may rely on it.
#pragma once

namespace berth::cli {

enum class ExitCode {
  kOk = 0,
  kFailed = 1,       // The agent refused, or the work failed, or doctor found a problem.
  kUsage = 2,        // The command line, or a file named on it, is at fault; nothing was asked.
  kUnreachable = 3,  // No agent answered.
};

}  // namespace berth::cli
