// SPDX-License-Identifier: Apache-2.0
// Reads one JSON object member by member and notes every fault with its path and its cure. A member
// that is absent leaves its target as it is; so does one at fault.
//
// Not thread-safe; holds references to what it reads.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/error.h"

namespace berth {

class JsonReader {
 public:
  // `path` is that of `value` ("" for the root). A value that is no object is a fault.
  JsonReader(const nlohmann::json& value, std::string path, std::vector<FieldViolation>& faults);

  // Up to `max_bytes` of text without control characters.
  void Text(const std::string& name, std::string& target, size_t max_bytes = 4096);
  void Integer(const std::string& name, int64_t& target, int64_t min, int64_t max);
  // The same, or "auto", which is nullopt.
  void IntegerOrAuto(const std::string& name, std::optional<int64_t>& target, int64_t min,
                     int64_t max);
  void Number(const std::string& name, double& target, double min, double max);
  void Flag(const std::string& name, bool& target);
  // One of `choices`, named and valued.
  template <typename Enum>
  void Choice(const std::string& name, Enum& target,
              const std::vector<std::pair<std::string, Enum>>& choices) {
    std::vector<std::string> names;
    for (const auto& choice : choices) names.push_back(choice.first);
    const size_t index = ChoiceIndex(name, names);
    if (index < choices.size()) target = choices[index].second;
  }
  // The member as a reader of its own; of an empty object if it is absent.
  JsonReader Object(const std::string& name);
  // The member's elements with their paths; a member that is no array is a fault.
  std::vector<JsonReader> Array(const std::string& name);

  // A fault of `name` that the caller has found.
  void Fault(const std::string& name, std::string cure);
  // A fault if `name` is not there. None where the value is no object, which is fault enough.
  void Require(const std::string& name);
  // Every member that nobody has read is a fault. Last of all.
  void RefuseUnknown();

  bool Has(const std::string& name) const;
  // The member as it stands, for a shape that no reader above knows; null if it is absent. It then
  // counts as read.
  const nlohmann::json* Raw(const std::string& name) { return Find(name); }
  std::string PathOf(std::string_view name) const;

 private:
  const nlohmann::json* Find(const std::string& name);
  size_t ChoiceIndex(const std::string& name, const std::vector<std::string>& names);

  const bool is_object_;
  const nlohmann::json& value_;
  std::string path_;
  std::vector<FieldViolation>& faults_;
  std::vector<std::string> known_;
};

}  // namespace berth
