// SPDX-License-Identifier: Apache-2.0
#include "cli/wire_text.h"

#include "cli/sizes.h"

namespace berth::cli {
namespace {

namespace v1 = berth::v1;
using google::protobuf::Timestamp;

WallTime WallTimeOf(const Timestamp& time) {
  return WallTime(std::chrono::seconds(time.seconds()) + Duration(time.nanos() / 1'000'000));
}

bool IsSet(const Timestamp& time) { return time.seconds() != 0 || time.nanos() != 0; }

}  // namespace

std::string StateName(v1::InstanceState state) { return ShortName(state, "INSTANCE_STATE_"); }

std::string StateText(const v1::InstanceStatus& status) {
  const bool ended = status.state() == v1::INSTANCE_STATE_TERMINATED;
  return StateName(status.state()) + (status.reachable() || ended ? "" : "?");
}

Tone ToneOf(v1::InstanceState state) {
  switch (state) {
    case v1::INSTANCE_STATE_RUNNING:
      return Tone::kGood;
    case v1::INSTANCE_STATE_PENDING:
    case v1::INSTANCE_STATE_STOPPING:
    case v1::INSTANCE_STATE_SHUTTING_DOWN:
      return Tone::kCaution;
    default:
      return Tone::kPlain;
  }
}

Cell StateCell(const v1::InstanceStatus& status) {
  return {StateText(status), ToneOf(status.state())};
}

std::string AgeText(const Timestamp& time, WallTime now) {
  return IsSet(time) ? HumanAge(now - WallTimeOf(time)) : "";
}

std::string TimeText(const Timestamp& time) {
  return IsSet(time) ? FormatWallTime(WallTimeOf(time)) : "";
}

}  // namespace berth::cli
