// SPDX-License-Identifier: Apache-2.0
// The command line of berthd. Every setting of config.h has a flag that overrides the file. Pure.
#pragma once

#include <string>
#include <vector>

#include "agent/config/parse.h"

namespace berth {

struct Flags {
  std::string config_file = "/etc/berth/berthd.json";
  bool config_file_given = false;  // False: it may be absent.
  bool check_config = false;       // Check and end.
  bool print_config = false;       // Print the effective config and end.
  std::vector<ConfigOverride> overrides;
};

// Either flags to go on with, or what to say and the status to end with (--help, --version, a
// mistake).
struct FlagsOutcome {
  Flags flags;
  bool go_on = true;
  int exit_code = 0;
  std::string message;
};

// `version` is what --version prints. Mistakes end with exit code 2.
FlagsOutcome ParseFlags(int argc, const char* const* argv, const std::string& version);

// The setting that each flag overrides, for the test that none is left out.
std::vector<std::string> FlagPaths();

}  // namespace berth
