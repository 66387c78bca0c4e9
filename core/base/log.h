// SPDX-License-Identifier: Apache-2.0
// The log as rooms see it: a message for a person and fields for a machine. One object is made in
// main (agent/telemetry/log_setup.h) and handed in by reference; there is no global one.
//
// Say a thing once, where it is handled. Levels: error = someone must act; warning = something went
// wrong and Berth copes; info = what changed; debug = how. Never user-data, keys or whole requests.
// Thread-safe; never waits for more than the write of one line.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace berth {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// One named value of a line: {"instance_id", id}. Keys are snake_case and the same everywhere.
struct LogField {
  std::string_view key;
  std::string value;
};
using LogFields = std::initializer_list<LogField>;

class Log {
 public:
  virtual ~Log() = default;
  // False: a line of this level would be dropped, so that costly values need not be made.
  virtual bool Enabled(LogLevel level) const = 0;
  virtual void Write(LogLevel level, std::string_view message, LogFields fields) = 0;

  void Debug(std::string_view message, LogFields fields = {}) {
    if (Enabled(LogLevel::kDebug)) Write(LogLevel::kDebug, message, fields);
  }
  void Info(std::string_view message, LogFields fields = {}) {
    if (Enabled(LogLevel::kInfo)) Write(LogLevel::kInfo, message, fields);
  }
  void Warning(std::string_view message, LogFields fields = {}) {
    if (Enabled(LogLevel::kWarning)) Write(LogLevel::kWarning, message, fields);
  }
  void Error(std::string_view message, LogFields fields = {}) {
    if (Enabled(LogLevel::kError)) Write(LogLevel::kError, message, fields);
  }
};

// Drops everything; for tests and tools.
class NullLog final : public Log {
 public:
  bool Enabled(LogLevel) const override { return false; }
  void Write(LogLevel, std::string_view, LogFields) override {}
};

}  // namespace berth
