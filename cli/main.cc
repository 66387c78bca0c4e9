// SPDX-License-Identifier: Apache-2.0
// berthctl: hands the process's streams, clock and terminal to RunCommandLine.
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <string_view>

#include "cli/command_line.h"

namespace {

// The conventions of terminals: NO_COLOR, and TERM=dumb.
bool ColourWanted() {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return (no_colour == nullptr || *no_colour == '\0') &&
         (term == nullptr || std::string_view(term) != "dumb");
}

void Pause(berth::Duration time) { poll(nullptr, 0, static_cast<int>(time.count())); }

}  // namespace

int main(int argc, char** argv) {
  // A reader that has gone (| head) shows as a failed write, not as a signal.
  std::signal(SIGPIPE, SIG_IGN);
  const berth::SystemClock clock;
  const auto random = berth::MakeSystemRandom();
  berth::cli::Context context{.out = std::cout,
                              .err = std::cerr,
                              .out_is_terminal = isatty(STDOUT_FILENO) == 1,
                              .err_is_terminal = isatty(STDERR_FILENO) == 1,
                              .colour = ColourWanted(),
                              .clock = clock,
                              .random = *random,
                              .pause = Pause,
                              .options = {}};
  const auto code = berth::cli::RunCommandLine({argv + 1, argv + argc}, context);
  std::cout << std::flush;
  return static_cast<int>(code);
}
