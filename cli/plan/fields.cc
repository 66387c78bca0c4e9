// SPDX-License-Identifier: Apache-2.0
#include "cli/plan/fields.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace berth::cli {
namespace {

using nlohmann::json;

std::optional<int64_t> WholeNumber(const json& value, int64_t min, int64_t max) {
  if (!value.is_number_integer()) return std::nullopt;
  if (value.is_number_unsigned() && value.get<uint64_t>() > INT64_MAX) return std::nullopt;
  const auto number = value.get<int64_t>();
  return number >= min && number <= max ? std::optional(number) : std::nullopt;
}

// The elements of `array`, whose faults stand under `name`.
bool IdsOf(JsonReader& reader, const json& array, const std::string& name, int min, int max,
           std::vector<int>& ids) {
  if (!array.is_array()) {
    reader.Fault(name, "must be an array of whole numbers […]");
    return false;
  }
  bool good = true;
  for (size_t i = 0; i < array.size(); ++i) {
    if (const auto id = WholeNumber(array[i], min, max)) {
      ids.push_back(static_cast<int>(*id));
      continue;
    }
    reader.Fault(fmt::format("{}[{}]", name, i),
                 fmt::format("must be a whole number from {} to {}", min, max));
    good = false;
  }
  return good;
}

}  // namespace

bool ReadCpuList(JsonReader& reader, const std::string& name, CpuSet& target) {
  const json* value = reader.Raw(name);
  if (value == nullptr) return false;
  const auto cpus =
      value->is_string() ? ParseCpuList(value->get_ref<const std::string&>()) : std::nullopt;
  if (cpus)
    target = *cpus;
  else
    reader.Fault(
        name, fmt::format("must be a list like \"0-3,8\", each id once and below {}", kCpuIdsMax));
  return cpus.has_value();
}

void ReadIds(JsonReader& reader, const std::string& name, std::vector<int>& target, int min,
             int max) {
  const json* value = reader.Raw(name);
  std::vector<int> ids;
  if (value != nullptr && IdsOf(reader, *value, name, min, max, ids)) target = ids;
}

void ReadIdLists(JsonReader& reader, const std::string& name, std::vector<std::vector<int>>& target,
                 int min, int max) {
  const json* value = reader.Raw(name);
  if (value == nullptr) return;
  if (!value->is_array()) {
    reader.Fault(name, "must be an array of arrays of CPU ids [[…]]");
    return;
  }
  for (size_t i = 0; i < value->size(); ++i) {
    target.emplace_back();
    IdsOf(reader, (*value)[i], fmt::format("{}[{}]", name, i), min, max, target.back());
  }
}

void ReadTexts(JsonReader& reader, const std::string& name, std::vector<std::string>& target) {
  const json* value = reader.Raw(name);
  if (value == nullptr) return;
  if (!value->is_array()) {
    reader.Fault(name, "must be an array of texts […]");
    return;
  }
  for (size_t i = 0; i < value->size(); ++i) {
    if ((*value)[i].is_string())
      target.push_back((*value)[i].get<std::string>());
    else
      reader.Fault(fmt::format("{}[{}]", name, i), "must be text in quotes");
  }
}

void ReadPageSize(JsonReader& reader, const std::string& name, placement::PageSize& target) {
  using Kind = placement::PageSize::Kind;
  const json* value = reader.Raw(name);
  if (value == nullptr) return;
  std::optional<int64_t> kib = WholeNumber(*value, 1, kKibMax);
  if (value->is_string()) {
    const auto& text = value->get_ref<const std::string&>();
    if (text == "small") target = {Kind::kSmall, 0};
    if (text == "large") target = {Kind::kLarge, 0};
    if (text == "any") target = {Kind::kAny, 0};
    if (text == "small" || text == "large" || text == "any") return;
    int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size())
      kib = WholeNumber(json(number), 1, kKibMax);
  }
  if (kib)
    target = {Kind::kExact, *kib};
  else
    reader.Fault(name, fmt::format("must be small, large, any, or KiB from 1 to {}", kKibMax));
}

void ReadInt(JsonReader& reader, const std::string& name, int& target, int min, int max) {
  int64_t wide = target;
  reader.Integer(name, wide, min, max);
  target = static_cast<int>(wide);
}

void ReadCoreSharing(JsonReader& reader, const std::string& name, placement::CoreSharing& target) {
  using placement::CoreSharing;
  reader.Choice<CoreSharing>(name, target,
                             {{"same_tenant", CoreSharing::kSameTenant},
                              {"none", CoreSharing::kNone},
                              {"any", CoreSharing::kAny}});
}

}  // namespace berth::cli
