// SPDX-License-Identifier: Apache-2.0
// Text to a checked Config, and back. Pure functions: no I/O, no clock; safe on any input, so that
// a fuzzer may feed them.
//
// A fault is a FieldViolation: the JSON path ("capacity.cpu_overcommit", "" for the text as a
// whole) and the cure. Every fault is reported at once, unknown and repeated members among them,
// since a misspelt setting that is silently ignored is found only when it is needed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/config/config.h"
#include "core/base/error.h"
#include "core/base/status.h"

namespace berth {

inline constexpr size_t kConfigBytesMax = 1 << 20;

// A value given on the command line in place of the file's.
struct ConfigOverride {
  std::string path;  // "api.socket".
  std::string text;  // As typed.
};

// What could be read of a text, and all that is wrong with it.
struct ReadConfigResult {
  Config config;  // A setting at fault has its default.
  std::vector<FieldViolation> faults;
  bool is_json = true;  // False: nothing of the text could be read.
};
ReadConfigResult ReadConfig(std::string_view text, const std::vector<ConfigOverride>& overrides);

// INVALID_ARGUMENT (INVALID_FIELD) with every fault. Members that are absent have their default; an
// override counts as if it stood in the text. Empty text is an empty object.
StatusOr<Config> ParseConfig(std::string_view text,
                             const std::vector<ConfigOverride>& overrides = {});

// The whole of `config` as JSON that ParseConfig reads back as the same.
std::string PrintConfig(const Config& config);

}  // namespace berth
