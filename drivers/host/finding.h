// SPDX-License-Identifier: Apache-2.0
// What a check of the host has found, and what to do about it. A plain value, shared by every room
// that checks something.
#pragma once

#include <string>
#include <string_view>

namespace berth {

enum class FindingLevel {
  kOk,       // As it should be.
  kWarning,  // Instances run, with less than could be had.
  kProblem,  // Instances will not run.
};

struct Finding {
  std::string check;  // A short fixed name: "hugepages".
  FindingLevel level = FindingLevel::kOk;
  std::string what;  // The fact, with its numbers.
  std::string cure;  // A command or a setting; "" where there is nothing to do.
  bool operator==(const Finding&) const = default;
};

inline std::string_view Name(FindingLevel level) {
  switch (level) {
    case FindingLevel::kOk:
      return "ok";
    case FindingLevel::kWarning:
      return "warning";
    case FindingLevel::kProblem:
      return "problem";
  }
  return "problem";
}

}  // namespace berth
