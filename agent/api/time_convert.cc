// SPDX-License-Identifier: Apache-2.0
#include "agent/api/time_convert.h"

#include <google/protobuf/util/time_util.h>

namespace berth::api {
namespace {

constexpr int64_t kSecondsMax = 315576000000;  // As duration.proto says: 10,000 years.
constexpr int32_t kNanosPerSecond = 1000000000;
constexpr int32_t kNanosPerMilli = 1000000;

}  // namespace

google::protobuf::Timestamp ToTimestamp(WallTime time) {
  return google::protobuf::util::TimeUtil::MillisecondsToTimestamp(time.time_since_epoch().count());
}

std::optional<WallTime> ToWallTime(const google::protobuf::Timestamp& time) {
  using google::protobuf::util::TimeUtil;
  const bool sane = time.seconds() >= TimeUtil::kTimestampMinSeconds &&
                    time.seconds() <= TimeUtil::kTimestampMaxSeconds && time.nanos() >= 0 &&
                    time.nanos() < kNanosPerSecond;
  if (!sane) return std::nullopt;
  return WallTime(Duration(TimeUtil::TimestampToMilliseconds(time)));
}

std::optional<Duration> ToDuration(const google::protobuf::Duration& duration) {
  if (duration.seconds() < 0 || duration.seconds() > kSecondsMax || duration.nanos() < 0 ||
      duration.nanos() >= kNanosPerSecond)
    return std::nullopt;
  const int64_t millis = (int64_t{duration.nanos()} + kNanosPerMilli - 1) / kNanosPerMilli;
  return std::chrono::seconds(duration.seconds()) + Duration(millis);
}

}  // namespace berth::api
