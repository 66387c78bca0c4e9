// SPDX-License-Identifier: Apache-2.0
// What every call has, whatever its shape: who made it, its one end, and the report of it. Whoever
// claims the end first ends the call; the others then do nothing.
//
// Each end is told to the observer, and of a mutating method to the audit log. Thread-safe.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "agent/api/call_gate.h"
#include "core/base/clock.h"
#include "core/base/status.h"

namespace berth::api {

class CallRoom;

// What the contract says of a method.
struct Method {
  std::string path;       // "/berth.v1.InstanceService/CreateInstance"
  std::string name;       // "CreateInstance"
  bool mutating = false;  // Not marked NO_SIDE_EFFECTS.
};

class CallCore {
 public:
  // Who calls, and for how long the reply is waited for.
  struct Caller {
    std::string principal;              // "uid:0"
    std::optional<Duration> time_left;  // To the call's deadline; nullopt: it has none.
  };

  virtual ~CallCore();
  CallCore(const CallCore&) = delete;
  CallCore& operator=(const CallCore&) = delete;

  const Method& method() const { return method_; }
  const Caller& caller() const { return caller_; }
  WallTime WallNow() const;
  // For the audit log; "" or well formed. Before any work is set going.
  void SetNames(std::string request_id, std::string target);
  virtual void Fail(const Status& status) = 0;
  bool ended() const { return ended_.load(); }

 protected:
  CallCore(const Method& method, CallRoom& room, CallGate::Ticket ticket, Caller caller);
  CallRoom& room() const { return room_; }
  // True for the one who ends the call.
  bool Claim() { return !ended_.exchange(true); }
  void GiveTicketBack() { ticket_.Release(); }
  const std::string& target() const { return names_.target; }
  void SetTarget(std::string target) { names_.target = std::move(target); }
  void Report(const Status& status) const;

 private:
  const Method& method_;
  CallRoom& room_;
  CallGate::Ticket ticket_;
  const Caller caller_;
  struct {
    std::string request_id;
    std::string target;
  } names_;
  const SteadyTime began_;
  std::atomic<bool> ended_{false};
};

}  // namespace berth::api
