// SPDX-License-Identifier: Apache-2.0
#include "agent/health/heartbeats.h"

#include <algorithm>
#include <utility>

namespace berth {

void Heartbeats::Watch(std::string name, Executor& executor) {
  auto beats = std::make_shared<Beats>();
  beats->last = clock_.Now();
  loops_.push_back({std::move(name), &executor, std::move(beats)});
}

void Heartbeats::Beat() {
  for (const Loop& loop : loops_) {
    if (loop.beats->waiting.exchange(true)) continue;
    loop.executor->Post([beats = loop.beats, &clock = clock_] {
      beats->last = clock.Now();
      beats->waiting = false;
    });
  }
}

std::vector<LoopState> Heartbeats::Look() const {
  const SteadyTime now = clock_.Now();
  std::vector<LoopState> states;
  for (const Loop& loop : loops_) {
    const auto silent_for = std::chrono::duration_cast<Duration>(now - loop.beats->last.load());
    states.push_back({loop.name, silent_for, silent_for <= limit_});
  }
  return states;
}

bool Heartbeats::AllAlive() const {
  const std::vector<LoopState> states = Look();
  return std::all_of(states.begin(), states.end(), [](const LoopState& s) { return s.alive; });
}

}  // namespace berth
