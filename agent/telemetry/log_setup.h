// SPDX-License-Identifier: Apache-2.0
// Makes the one log of the process (core/base/log.h) on spdlog. Nothing is registered globally.
#pragma once

#include <memory>
#include <string>

#include "core/base/log.h"
#include "core/base/status.h"

namespace berth {

struct LogOptions {
  LogLevel level = LogLevel::kInfo;
  std::string file;   // Rolled at 16 MiB, three kept; "" = standard error.
  bool json = false;  // One JSON object per line; else "TIME LEVEL message key=value …".
};

// PERMISSION_DENIED if the file cannot be opened, with the reason and the cure.
StatusOr<std::unique_ptr<Log>> MakeLog(const LogOptions& options);

// One line without its time and level, as `json` wants it; control characters are escaped, so that
// one message is one line and no input can forge another.
std::string FormatLogLine(std::string_view message, LogFields fields, bool json);

}  // namespace berth
