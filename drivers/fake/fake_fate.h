// SPDX-License-Identifier: Apache-2.0
// What becomes of a fake call or event: scripted faults first, then chance. Deterministic over a
// seeded Random.
//
// Not thread-safe.
#pragma once

#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/random.h"
#include "core/base/status.h"

namespace berth {

struct FakeFault {
  enum class Kind { kRefused, kDoneButFailed, kNoAnswer, kDoneButNoAnswer };
  Kind kind = Kind::kRefused;
  std::string call;   // "StartPaused"; "" = any.
  std::string guest;  // Instance id; "" = any.
  int times = 1;
  Status status = Status(StatusCode::kInternal, "injected fault");  // Where the kind has one.
};

// Chances per call or event, 0 to 1.
struct FakeWeather {
  double refused = 0;
  double done_but_failed = 0;
  double no_answer = 0;
  double event_lost = 0;
  double event_doubled = 0;
  Duration delay_max = Duration(0);  // Of answers and events, uniformly.
};

// What becomes of one call.
struct FakeFate {
  enum class Kind { kDone, kRefused, kDoneButFailed, kNoAnswer, kDoneButNoAnswer };
  Kind kind = Kind::kDone;
  Status status;  // Where it is reported failed.
  bool takes_effect() const { return kind != Kind::kRefused && kind != Kind::kNoAnswer; }
  bool answers() const { return kind != Kind::kNoAnswer && kind != Kind::kDoneButNoAnswer; }
};

class FakeLuck {
 public:
  // `random` may be null where the weather stays calm; else it outlives this.
  FakeLuck(FakeWeather weather, Random* random) : weather_(weather), random_(random) {}

  void Inject(FakeFault fault) { faults_.push_back(std::move(fault)); }
  void SetWeather(FakeWeather weather) { weather_ = weather; }
  void LoseEvents(int count) { events_to_lose_ += count; }
  void DoubleEvents(int count) { events_to_double_ += count; }

  FakeFate OfCall(const std::string& call, const std::string& guest);
  // How often an event is told: 0, 1 or 2 times.
  int TimesTold();
  Duration Delay();

 private:
  bool Chance(double chance);

  FakeWeather weather_;
  Random* random_;
  std::vector<FakeFault> faults_;
  int events_to_lose_ = 0;
  int events_to_double_ = 0;
};

}  // namespace berth
