// SPDX-License-Identifier: Apache-2.0
#include "core/json/json_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/json/nearest.h"

namespace berth {
namespace {

using nlohmann::json;

constexpr size_t kShownBytesMax = 60;

const json& EmptyObject() {
  static const json kEmpty = json::object();
  return kEmpty;
}

// The value as it is shown in a fault: short, and never more than one line.
std::string Shown(const json& value) {
  if (value.is_structured()) return value.is_object() ? "an object" : "an array";
  std::string text = value.dump(-1, ' ', true, json::error_handler_t::replace);
  if (text.size() > kShownBytesMax) text = text.substr(0, kShownBytesMax) + "…";
  return text;
}

bool HasControlCharacter(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::optional<int64_t> IntegerWithin(const json& value, int64_t min, int64_t max) {
  if (!value.is_number_integer()) return std::nullopt;
  if (value.is_number_unsigned() && value.get<uint64_t>() > INT64_MAX) return std::nullopt;
  const auto number = value.get<int64_t>();
  return number >= min && number <= max ? std::optional(number) : std::nullopt;
}

}  // namespace

JsonReader::JsonReader(const json& value, std::string path, std::vector<FieldViolation>& faults)
    : is_object_(value.is_object()),
      value_(is_object_ ? value : EmptyObject()),
      path_(std::move(path)),
      faults_(faults) {
  if (!is_object_)
    faults_.push_back({path_, fmt::format("is {}; must be an object {{…}}", Shown(value))});
}

void JsonReader::Text(const std::string& name, std::string& target, size_t max_bytes) {
  const json* member = Find(name);
  if (member == nullptr) return;
  if (!member->is_string()) {
    Fault(name, fmt::format("is {}; must be text in quotes", Shown(*member)));
    return;
  }
  const auto& text = member->get_ref<const std::string&>();
  if (text.size() > max_bytes)
    Fault(name, fmt::format("is {} bytes long; at most {} are allowed", text.size(), max_bytes));
  else if (HasControlCharacter(text))
    Fault(name, "contains a control character; remove it");
  else
    target = text;
}

void JsonReader::Integer(const std::string& name, int64_t& target, int64_t min, int64_t max) {
  const json* member = Find(name);
  if (member == nullptr) return;
  if (const auto value = IntegerWithin(*member, min, max))
    target = *value;
  else
    Fault(name,
          fmt::format("is {}; must be a whole number from {} to {}", Shown(*member), min, max));
}

void JsonReader::IntegerOrAuto(const std::string& name, std::optional<int64_t>& target, int64_t min,
                               int64_t max) {
  const json* member = Find(name);
  if (member == nullptr) return;
  const auto value = IntegerWithin(*member, min, max);
  if (value || *member == "auto")
    target = value;
  else
    Fault(name, fmt::format("is {}; must be \"auto\" or a whole number from {} to {}",
                            Shown(*member), min, max));
}

void JsonReader::Flag(const std::string& name, bool& target) {
  const nlohmann::json* member = Find(name);
  if (member == nullptr) return;
  if (!member->is_boolean()) return Fault(name, "must be true or false");
  target = member->get<bool>();
}

void JsonReader::Number(const std::string& name, double& target, double min, double max) {
  const json* member = Find(name);
  if (member == nullptr) return;
  const bool fits = member->is_number();
  if (fits && member->get<double>() >= min && member->get<double>() <= max)
    target = member->get<double>();
  else
    Fault(name, fmt::format("is {}; must be a number from {} to {}", Shown(*member), min, max));
}

size_t JsonReader::ChoiceIndex(const std::string& name, const std::vector<std::string>& names) {
  const json* member = Find(name);
  if (member == nullptr) return names.size();
  const auto found = member->is_string()
                         ? std::find(names.begin(), names.end(), member->get<std::string>())
                         : names.end();
  if (found == names.end())
    Fault(name, fmt::format("is {}; must be one of: {}", Shown(*member), fmt::join(names, ", ")));
  return static_cast<size_t>(found - names.begin());
}

JsonReader JsonReader::Object(const std::string& name) {
  const json* member = Find(name);
  return JsonReader(member == nullptr ? EmptyObject() : *member, PathOf(name), faults_);
}

std::vector<JsonReader> JsonReader::Array(const std::string& name) {
  std::vector<JsonReader> elements;
  const json* member = Find(name);
  if (member == nullptr) return elements;
  if (!member->is_array()) {
    Fault(name, fmt::format("is {}; must be an array […]", Shown(*member)));
    return elements;
  }
  for (size_t i = 0; i < member->size(); ++i)
    elements.emplace_back((*member)[i], fmt::format("{}[{}]", PathOf(name), i), faults_);
  return elements;
}

void JsonReader::Fault(const std::string& name, std::string cure) {
  faults_.push_back({PathOf(name), std::move(cure)});
}

void JsonReader::Require(const std::string& name) {
  if (is_object_ && !Has(name)) Fault(name, "is missing; it has no default");
}

void JsonReader::RefuseUnknown() {
  for (const auto& [name, value] : value_.items()) {
    if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
    const std::string nearest = NearestName(name, known_);
    const std::string shown = Shown(json(name));
    Fault(shown.substr(1, shown.size() - 2),
          nearest.empty() ? fmt::format("is not known here; known are: {}", fmt::join(known_, ", "))
                          : fmt::format("is not known here; did you mean \"{}\"?", nearest));
  }
}

bool JsonReader::Has(const std::string& name) const { return value_.contains(name); }

const json* JsonReader::Find(const std::string& name) {
  known_.push_back(name);
  const auto found = value_.find(name);
  return found == value_.end() ? nullptr : &*found;
}

std::string JsonReader::PathOf(std::string_view name) const {
  return path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
}

}  // namespace berth
