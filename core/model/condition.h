// SPDX-License-Identifier: Apache-2.0
// A named, timestamped statement on the node's health (agent/health makes them; the API, metrics
// and /readyz show them).
#pragma once

#include <string>
#include <string_view>

#include "core/base/clock.h"

namespace berth::model {

enum class ConditionStatus { kTrue, kFalse, kUnknown };

// "true", "false", "unknown": as metrics, /readyz and the log spell it.
inline std::string_view Name(ConditionStatus status) {
  switch (status) {
    case ConditionStatus::kTrue:
      return "true";
    case ConditionStatus::kFalse:
      return "false";
    case ConditionStatus::kUnknown:
      return "unknown";
  }
  return "unknown";
}

struct Condition {
  std::string type;  // "Ready", "LibvirtReady", …; true is the good state.
  ConditionStatus status = ConditionStatus::kUnknown;
  std::string reason;   // One CamelCase word for machines: "DiskSpaceLow".
  std::string message;  // For people, with the cure where there is one.
  WallTime since{};     // When `status` last changed.
  bool operator==(const Condition&) const = default;
};

}  // namespace berth::model
