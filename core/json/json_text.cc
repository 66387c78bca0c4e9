// SPDX-License-Identifier: Apache-2.0
#include "core/json/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>

namespace berth {
namespace {

using nlohmann::json;

constexpr int kDepthMax = 16;

// Watches the parser for what the finished value no longer shows.
class StructureCheck {
 public:
  explicit StructureCheck(std::vector<FieldViolation>& faults) : faults_(faults) {}

  bool operator()(int depth, json::parse_event_t event, const json& parsed) {
    if (depth > kDepthMax) return TooDeep();
    if (event == json::parse_event_t::object_start) Names(depth + 1).clear();
    if (event == json::parse_event_t::key) NoteMember(depth, parsed.get_ref<const std::string&>());
    return true;
  }

 private:
  std::set<std::string>& Names(int depth) {
    const auto index = static_cast<size_t>(depth);
    if (names_.size() <= index) names_.resize(index + 1);
    return names_[index];
  }

  void NoteMember(int depth, const std::string& name) {
    if (!Names(depth).insert(name).second)
      faults_.push_back({name, "is there twice in one object; keep one of them"});
  }

  bool TooDeep() {
    if (!std::exchange(too_deep_, true))
      faults_.push_back({"", fmt::format("is nested deeper than {} levels", kDepthMax)});
    return false;
  }

  std::vector<FieldViolation>& faults_;
  std::vector<std::set<std::string>> names_;  // Member names of the object open at each depth.
  bool too_deep_ = false;
};

std::string PositionOf(std::string_view text, size_t byte) {
  const std::string_view before = text.substr(0, byte == 0 ? 0 : std::min(byte - 1, text.size()));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0: the first line.
  return fmt::format("line {}, column {}", line, before.size() - line_start + 1);
}

// The parser's reason without its own position and number.
std::string ReasonOf(const json::exception& error) {
  const std::string_view what = error.what();
  const size_t colon = what.find(": ");
  return std::string(colon == std::string_view::npos ? what : what.substr(colon + 2));
}

}  // namespace

json ParseJsonText(std::string_view text, std::vector<FieldViolation>& faults) {
  StructureCheck check(faults);
  try {
    return json::parse(text.begin(), text.end(), std::ref(check), /*allow_exceptions=*/true,
                       /*ignore_comments=*/true);
  } catch (const json::parse_error& error) {
    faults.push_back(
        {"", fmt::format("is not JSON at {}: {}", PositionOf(text, error.byte), ReasonOf(error))});
  } catch (const json::exception& error) {  // A number out of every range.
    faults.push_back({"", fmt::format("is not usable JSON: {}", ReasonOf(error))});
  }
  return json(json::value_t::discarded);
}

}  // namespace berth
