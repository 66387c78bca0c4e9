// SPDX-License-Identifier: Apache-2.0
// Values of the contract as people read them. Pure functions.
#pragma once

#include <google/protobuf/timestamp.pb.h>

#include <string>

#include "berth/v1/instance.pb.h"
#include "berth/v1/operation.pb.h"
#include "cli/style.h"
#include "cli/table.h"
#include "core/base/clock.h"

namespace berth::cli {

// The name of an enum's value without `prefix`: "SHUTTING_DOWN"; its number where this berthctl
// does not know it.
template <typename Enum>
std::string ShortName(Enum value, std::string_view prefix) {
  const auto* descriptor = google::protobuf::GetEnumDescriptor<Enum>()->FindValueByNumber(value);
  if (descriptor == nullptr) return std::to_string(static_cast<int>(value));
  const std::string& name = descriptor->name();
  return name.rfind(prefix, 0) == 0 ? name.substr(prefix.size()) : name;
}

// "RUNNING"; "RUNNING?" where it is only the last known.
std::string StateText(const berth::v1::InstanceStatus& status);
Tone ToneOf(berth::v1::InstanceState state);
Cell StateCell(const berth::v1::InstanceStatus& status);
std::string StateName(berth::v1::InstanceState state);

// Time since `time`, "" if it is not set.
std::string AgeText(const google::protobuf::Timestamp& time, WallTime now);
// "2026-08-22T10:00:00.000Z", "" if it is not set.
std::string TimeText(const google::protobuf::Timestamp& time);

}  // namespace berth::cli
