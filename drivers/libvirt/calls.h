// SPDX-License-Identifier: Apache-2.0
// Calls into libvirt under the rules that keep one stuck guest from stopping the rest: a call
// cannot be cancelled, so past its deadline it is abandoned. Its thread is lost until it comes
// back, its guest is stuck, and its connection is retired (closed by whoever lets go of it last).
//
// A lane is one connection with a limit of calls in flight and threads of its own. Threads are made
// when needed and kept: at most in_flight + abandoned_cap per lane. Each class of calls has a lane;
// lifecycle calls and destroys have two, because libvirtd works on only so many requests of one
// connection at a time, and a host is filled and emptied as fast as that.
//
// Invariants (calls_test.cc):
//   1. At most one call per guest is outstanding, not counting abandoned ones; the others wait, and
//      a destroy waits first in line.
//   2. A stuck guest is sent destroys only, and one at a time; anything else is UNAVAILABLE
//      (GUEST_STUCK). It is stuck until every abandoned call of it has come back.
//   3. Each submitted call ends with exactly one of `fail` or what `run` gave back, never inside
//   Submit.
//
// Thread-safe. No callback is called with a lock held.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/executor.h"
#include "core/base/mutex.h"
#include "core/base/status.h"
#include "core/base/thread_pool.h"
#include "drivers/libvirt/connection.h"

namespace berth::libvirt {

enum class CallClass { kQuery, kLifecycle, kDestroy, kDump };
inline constexpr size_t kCallClassCount = 4;
std::string_view NameOf(CallClass call_class);

enum class LaneId { kQueries, kLifecycle, kMoreLifecycle, kDestroys, kMoreDestroys, kDumps };
inline constexpr std::array kLaneIds = {LaneId::kQueries,       LaneId::kLifecycle,
                                        LaneId::kMoreLifecycle, LaneId::kDestroys,
                                        LaneId::kMoreDestroys,  LaneId::kDumps};
CallClass ClassOf(LaneId lane);

struct Call {
  CallClass call_class = CallClass::kQuery;
  std::string guest;  // Instance id; "" = of no one guest.
  std::string doing;  // "starting i-…", for errors.
  // Blocks, on a thread of the class. What it gives back delivers the outcome; dropped if the call
  // was abandoned meanwhile.
  std::function<Task(Connection&)> run;
  std::function<void(Status)> fail;
};

struct CallClassOptions {
  int in_flight = 4;      // Per lane.
  int abandoned_cap = 8;  // Per lane.
  Duration deadline = std::chrono::seconds(30);
};

class Calls {
 public:
  using OptionsByClass = std::array<CallClassOptions, kCallClassCount>;

  // `executor` outlives this.
  Calls(OptionsByClass options, Executor& executor);
  ~Calls();

  // Calls `lost` from the executor whenever a lane has lost its connection and waits for another.
  // Once, before the first Connected.
  void OnLost(std::function<void(LaneId)> lost);

  void Submit(Call call);

  // What the connector says of a lane. Until the first word calls wait, as they do after Lost;
  // after Down they are answered with `why`, those waiting in it too, until the next Connected. New
  // calls whose class has another lane go there meanwhile.
  void Connected(LaneId lane, std::shared_ptr<Connection> connection);
  void Down(LaneId lane, const Status& why);
  // This connection broke; nothing happens if the lane has another by now.
  void Lost(LaneId lane, const std::weak_ptr<Connection>& connection);

  int abandoned() const;
  std::vector<std::string> stuck_guests() const;

  // Answers all that is outstanding with UNAVAILABLE, closes the connections, and waits up to
  // `grace` for threads inside libvirt; those that do not come back are left behind. Once.
  void Shutdown(Duration grace);

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace berth::libvirt
