// SPDX-License-Identifier: Apache-2.0
#include "agent/config/parse.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/config/check_config.h"
#include "agent/config/settings.h"
#include "core/json/json_reader.h"
#include "core/json/json_text.h"

namespace berth {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// "0660" and the like; nullopt if it is not octal.
std::optional<int64_t> ParseOctal(std::string_view text) {
  int64_t value = 0;
  if (text.empty() || text.size() > 6) return std::nullopt;
  for (const char c : text) {
    if (c < '0' || c > '7') return std::nullopt;
    value = value * 8 + (c - '0');
  }
  return value;
}

class SettingsReader {
 public:
  explicit SettingsReader(JsonReader reader) : reader_(std::move(reader)) {}

  void Text(const std::string& name, std::string& value) { reader_.Text(name, value); }
  void Integer(const std::string& name, int64_t& value, int64_t min, int64_t max) {
    reader_.Integer(name, value, min, max);
  }
  void Number(const std::string& name, double& value, double min, double max) {
    reader_.Number(name, value, min, max);
  }
  template <typename Enum>
  void Choice(const std::string& name, Enum& value,
              const std::vector<std::pair<std::string, Enum>>& choices) {
    reader_.Choice(name, value, choices);
  }
  void IntegerOrAuto(const std::string& name, std::optional<int64_t>& value, int64_t min,
                     int64_t max) {
    reader_.IntegerOrAuto(name, value, min, max);
  }
  void Octal(const std::string& name, int64_t& value, int64_t max) {
    std::string text = fmt::format("{:04o}", value);
    reader_.Text(name, text);
    const auto parsed = ParseOctal(text);
    if (parsed && *parsed <= max)
      value = *parsed;
    else
      reader_.Fault(
          name, fmt::format("is \"{}\"; must be octal digits from \"0\" to \"{:o}\"", text, max));
  }
  void Seconds(const std::string& name, std::chrono::seconds& value, int64_t min, int64_t max) {
    int64_t count = value.count();
    reader_.Integer(name, count, min, max);
    value = std::chrono::seconds(count);
  }
  template <typename Visit>
  void Group(const std::string& name, Visit visit) {
    SettingsReader group(reader_.Object(name));
    visit(group);
    group.RefuseUnknown();
  }
  void RefuseUnknown() { reader_.RefuseUnknown(); }

 private:
  JsonReader reader_;
};

class SettingsWriter {
 public:
  explicit SettingsWriter(ordered_json& target) : target_(target) {}

  void Text(const std::string& name, const std::string& value) { target_[name] = value; }
  void Integer(const std::string& name, int64_t value, int64_t, int64_t) { target_[name] = value; }
  void Number(const std::string& name, double value, double, double) { target_[name] = value; }
  template <typename Enum>
  void Choice(const std::string& name, Enum value,
              const std::vector<std::pair<std::string, Enum>>& choices) {
    for (const auto& choice : choices)
      if (choice.second == value) target_[name] = choice.first;
  }
  void IntegerOrAuto(const std::string& name, std::optional<int64_t> value, int64_t, int64_t) {
    target_[name] = value ? ordered_json(*value) : ordered_json("auto");
  }
  void Octal(const std::string& name, int64_t value, int64_t) {
    target_[name] = fmt::format("{:04o}", value);
  }
  void Seconds(const std::string& name, std::chrono::seconds value, int64_t, int64_t) {
    target_[name] = value.count();
  }
  template <typename Visit>
  void Group(const std::string& name, Visit visit) {
    SettingsWriter group(target_[name] = ordered_json::object());
    visit(group);
  }

 private:
  ordered_json& target_;
};

// A flag's text as the setting's kind: a number where it reads as one and the setting may be one.
json ValueOf(const ConfigOverride& given, const ordered_json& defaults) {
  const json::json_pointer pointer("/" + given.path);
  const bool may_be_number =
      defaults.contains(pointer) && (!defaults[pointer].is_string() || defaults[pointer] == "auto");
  if (!may_be_number) return given.text;
  const json number = json::parse(given.text, nullptr, /*allow_exceptions=*/false);
  return number.is_number() ? number : json(given.text);
}

void Apply(std::vector<ConfigOverride> overrides, json& root) {
  const ordered_json defaults = ordered_json::parse(PrintConfig(Config{}));
  for (ConfigOverride& given : overrides) {
    std::replace(given.path.begin(), given.path.end(), '.', '/');
    const json::json_pointer pointer("/" + given.path);
    const json::json_pointer parent = pointer.parent_pointer();
    // A parent of the wrong kind stays as it is: reading reports it.
    if (!root.is_object() || (root.contains(parent) && !root[parent].is_object())) continue;
    root[pointer] = ValueOf(given, defaults);
  }
}

}  // namespace

ReadConfigResult ReadConfig(std::string_view text, const std::vector<ConfigOverride>& overrides) {
  ReadConfigResult result;
  if (text.size() > kConfigBytesMax) {
    result.is_json = false;
    result.faults.push_back(
        {"", fmt::format("is longer than the {} bytes allowed", kConfigBytesMax)});
    return result;
  }
  const bool blank = text.find_first_not_of(" \t\r\n") == std::string_view::npos;
  json root = blank ? json::object() : ParseJsonText(text, result.faults);
  result.is_json = !root.is_discarded();
  if (!result.is_json) return result;
  Apply(overrides, root);
  SettingsReader reader(JsonReader(root, "", result.faults));
  VisitSettings(reader, result.config);
  reader.RefuseUnknown();
  CheckConfig(result.config, result.faults);
  return result;
}

StatusOr<Config> ParseConfig(std::string_view text, const std::vector<ConfigOverride>& overrides) {
  ReadConfigResult result = ReadConfig(text, overrides);
  if (!result.faults.empty()) return InvalidFields(std::move(result.faults));
  return std::move(result.config);
}

std::string PrintConfig(const Config& config) {
  Config copy = config;
  ordered_json root = ordered_json::object();
  SettingsWriter writer(root);
  VisitSettings(writer, copy);
  return root.dump(2) + "\n";
}

}  // namespace berth
