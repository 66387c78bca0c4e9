// SPDX-License-Identifier: Apache-2.0
// Everything that berthd reads before it starts: the config file, the flags over it, and the
// catalogue the config names. Blocks on the files.
#pragma once

#include <string>
#include <vector>

#include "agent/config/config.h"
#include "agent/config/flags.h"
#include "core/model/instance_type.h"

namespace berth {

struct Settings {
  Config config;
  std::vector<model::InstanceType> types;
};

// INVALID_ARGUMENT with every fault of both files; each field begins with its file
// ("/etc/berth/berthd.json: log.level"). A file that cannot be read is such a fault too.
StatusOr<Settings> LoadSettings(const Flags& flags);

// `status` for a person: one line for each fault.
std::string DescribeFaults(const Status& status);

}  // namespace berth
