// SPDX-License-Identifier: Apache-2.0
// Times and durations of the wire. Pure functions, thread-safe.
#pragma once

#include <optional>

#include "core/base/clock.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace berth::api {

google::protobuf::Timestamp ToTimestamp(WallTime time);

// nullopt for one that is not well formed.
std::optional<WallTime> ToWallTime(const google::protobuf::Timestamp& time);

// Rounded up to the millisecond; nullopt for one that is negative or not well formed.
std::optional<Duration> ToDuration(const google::protobuf::Duration& duration);

}  // namespace berth::api
