// SPDX-License-Identifier: Apache-2.0
#include "agent/telemetry/log_setup.h"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth {
namespace {

constexpr size_t kFileBytesMax = 16 << 20;
constexpr size_t kFilesKept = 3;

spdlog::level::level_enum LevelOf(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

// Quoted and escaped as JSON does; bytes that are no UTF-8 are replaced.
std::string Quoted(std::string_view text) {
  return nlohmann::json(std::string(text))
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// A value of a text line: bare where it is one plain word.
std::string Plain(std::string_view text) {
  const bool word = !text.empty() && text.find_first_not_of(
                                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                         "0123456789-_.:/@+,") == std::string_view::npos;
  return word ? std::string(text) : Quoted(text);
}

// One line whatever it holds.
std::string OneLine(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f)
      line += fmt::format("\\x{:02x}", byte);
    else
      line += c;
  }
  return line;
}

class SpdlogLog final : public Log {
 public:
  SpdlogLog(spdlog::sink_ptr sink, const LogOptions& options)
      : logger_("berthd", std::move(sink)), json_(options.json) {
    logger_.set_level(LevelOf(options.level));
    logger_.flush_on(spdlog::level::debug);
    logger_.set_formatter(std::make_unique<spdlog::pattern_formatter>(
        json_ ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})"
              : "%Y-%m-%dT%H:%M:%S.%eZ %-7l %v",
        spdlog::pattern_time_type::utc));
  }

  bool Enabled(LogLevel level) const override { return logger_.should_log(LevelOf(level)); }
  void Write(LogLevel level, std::string_view message, LogFields fields) override {
    const std::string line = FormatLogLine(message, fields, json_);
    logger_.log(LevelOf(level), spdlog::string_view_t(line.data(), line.size()));
  }

 private:
  spdlog::logger logger_;
  const bool json_;
};

StatusOr<spdlog::sink_ptr> OpenSink(const std::string& file) {
  if (file.empty()) return spdlog::sink_ptr(std::make_shared<spdlog::sinks::stderr_sink_mt>());
  try {
    return spdlog::sink_ptr(
        std::make_shared<spdlog::sinks::rotating_file_sink_mt>(file, kFileBytesMax, kFilesKept));
  } catch (const spdlog::spdlog_ex& error) {
    return MakeError(StatusCode::kPermissionDenied, reasons::kInvalidField,
                     fmt::format("opening the log: {}; set log.file (--log-file) to a file in a "
                                 "directory that the agent may write, or to \"\"",
                                 error.what()));
  }
}

}  // namespace

std::string FormatLogLine(std::string_view message, LogFields fields, bool json) {
  std::string line = json ? fmt::format("\"message\":{}", Quoted(message)) : OneLine(message);
  for (const LogField& field : fields) {
    if (json)
      line += fmt::format(",{}:{}", Quoted(field.key), Quoted(field.value));
    else
      line += fmt::format(" {}={}", field.key, Plain(field.value));
  }
  return line;
}

StatusOr<std::unique_ptr<Log>> MakeLog(const LogOptions& options) {
  BERTH_ASSIGN_OR_RETURN(spdlog::sink_ptr sink, OpenSink(options.file));
  return std::unique_ptr<Log>(std::make_unique<SpdlogLog>(std::move(sink), options));
}

}  // namespace berth
