// SPDX-License-Identifier: Apache-2.0
// What all calls of one server share: clock, log, observer, the gates, and the calls that wait.
// Thread-safe.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "agent/api/call_core.h"
#include "agent/api/call_gate.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mutex.h"
#include "core/base/status.h"

namespace berth::api {

inline constexpr size_t kRequestBytesMax = 1 << 20;
inline constexpr size_t kReplyBytesMax = (4 << 20) - 4096;  // gRPC clients take 4 MiB with framing.

// Counts for metrics; called from any thread. A part that is empty is not called.
struct ApiObserver {
  // `method` is its short name ("CreateInstance").
  std::function<void(const std::string& method, StatusCode code, std::chrono::nanoseconds took)>
      call_ended;
};

class CallRoom {
 public:
  struct Limits {
    int calls_max = 128;     // In flight at a time; beyond it OVERLOADED.
    int waits_max = 512;     // WaitOperation calls at a time, counted apart, since they do no work.
    int watches_max = 2048;  // Streams at a time, likewise.
  };

  // `clock` and `log` outlive this.
  CallRoom(const Clock& clock, Log& log, ApiObserver observer, Limits limits)
      : clock_(clock),
        log_(log),
        observer_(std::move(observer)),
        calls_(std::make_shared<CallGate>(limits.calls_max)),
        waits_(std::make_shared<CallGate>(limits.waits_max)),
        watches_(std::make_shared<CallGate>(limits.watches_max)) {}

  const Clock& clock() const { return clock_; }
  Log& log() const { return log_; }
  const ApiObserver& observer() const { return observer_; }
  CallGate& calls() const { return *calls_; }
  CallGate& waits() const { return *waits_; }
  CallGate& watches() const { return *watches_; }

  // For MarkWaiting of calls and their end.
  void AddWait(std::shared_ptr<CallCore> call) EXCLUDES(mutex_);
  void RemoveWait(CallCore* call) EXCLUDES(mutex_);
  // The agent goes down: every waiting call ends now with AGENT_STOPPING, and every later one at
  // once.
  void Stop() EXCLUDES(mutex_);
  // What calls are answered with from then on; OK before.
  Status Admission() const EXCLUDES(mutex_);

 private:
  const Clock& clock_;
  Log& log_;
  const ApiObserver observer_;
  const std::shared_ptr<CallGate> calls_;
  const std::shared_ptr<CallGate> waits_;
  const std::shared_ptr<CallGate> watches_;
  mutable Mutex mutex_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::map<CallCore*, std::weak_ptr<CallCore>> waiting_ GUARDED_BY(mutex_);
};

}  // namespace berth::api
