// SPDX-License-Identifier: Apache-2.0
// The options that say how large a guest is and how it is to lie on the host.
#pragma once

#include "cli/command.h"
#include "cli/create_request.h"

namespace berth::cli {

// Declares --type, --vcpus, --memory and the policies.
void AddShapeFlags(Command& command, CreateArgs* args);
// Likewise, and --disk, which means `disk_help`.
void AddShapeFlags(Command& command, CreateArgs* args, const std::string& disk_help);

}  // namespace berth::cli
