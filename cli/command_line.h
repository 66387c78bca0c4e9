// SPDX-License-Identifier: Apache-2.0
// The whole of berthctl as a function: parses the words, runs the command they name.
#pragma once

#include <string>
#include <vector>

#include "cli/context.h"
#include "cli/exit_code.h"

namespace berth::cli {

// `words` is argv without the program's name. Fills context.options; BERTH_SOCKET is read from the
// environment. A line that cannot be understood is told on context.err, and nothing is asked.
ExitCode RunCommandLine(const std::vector<std::string>& words, Context& context);

}  // namespace berth::cli
