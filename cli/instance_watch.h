// SPDX-License-Identifier: Apache-2.0
// Follows instances until the user has had enough, over breaks of the line and restarts of the
// agent.
#pragma once

#include <string>

#include "cli/context.h"
#include "cli/exit_code.h"

namespace berth::cli {

struct WatchArgs {
  std::string tenant;
  std::string resume_token;  // "": everything that exists comes first.
};

// A line per instance and change; with JSON a line of JSON per message. Returns when the agent
// refuses, or has been away for two minutes.
ExitCode WatchInstances(const Context& context, const WatchArgs& args);

}  // namespace berth::cli
