// SPDX-License-Identifier: Apache-2.0
#include "drivers/fake/fake_fate.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace berth {
namespace {

FakeFate FateOf(const FakeFault& fault) {
  switch (fault.kind) {
    case FakeFault::Kind::kRefused:
      return {FakeFate::Kind::kRefused, fault.status};
    case FakeFault::Kind::kDoneButFailed:
      return {FakeFate::Kind::kDoneButFailed, fault.status};
    case FakeFault::Kind::kNoAnswer:
      return {FakeFate::Kind::kNoAnswer, OkStatus()};
    case FakeFault::Kind::kDoneButNoAnswer:
      return {FakeFate::Kind::kDoneButNoAnswer, OkStatus()};
  }
  return {};
}

}  // namespace

bool FakeLuck::Chance(double chance) {
  if (chance <= 0 || random_ == nullptr) return false;
  return static_cast<double>(random_->Next() >> 11) * 0x1p-53 < chance;
}

Duration FakeLuck::Delay() {
  if (weather_.delay_max <= Duration(0) || random_ == nullptr) return Duration(0);
  const auto range = static_cast<uint64_t>(weather_.delay_max.count()) + 1;
  return Duration(static_cast<int64_t>(random_->Next() % range));
}

FakeFate FakeLuck::OfCall(const std::string& call, const std::string& guest) {
  const auto fault = std::find_if(faults_.begin(), faults_.end(), [&](const FakeFault& f) {
    return (f.call.empty() || f.call == call) && (f.guest.empty() || f.guest == guest);
  });
  if (fault != faults_.end()) {
    FakeFate fate = FateOf(*fault);
    if (--fault->times <= 0) faults_.erase(fault);
    return fate;
  }
  const Status bad_luck(StatusCode::kInternal, fmt::format("{}: bad weather", call));
  if (Chance(weather_.refused)) return {FakeFate::Kind::kRefused, bad_luck};
  if (Chance(weather_.done_but_failed)) return {FakeFate::Kind::kDoneButFailed, bad_luck};
  if (Chance(weather_.no_answer))
    return {Chance(0.5) ? FakeFate::Kind::kNoAnswer : FakeFate::Kind::kDoneButNoAnswer, OkStatus()};
  return {};
}

int FakeLuck::TimesTold() {
  if (events_to_lose_ > 0) {
    --events_to_lose_;
    return 0;
  }
  if (events_to_double_ > 0) {
    --events_to_double_;
    return 2;
  }
  if (Chance(weather_.event_lost)) return 0;
  return Chance(weather_.event_doubled) ? 2 : 1;
}

}  // namespace berth
