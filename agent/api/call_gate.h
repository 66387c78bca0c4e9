// SPDX-License-Identifier: Apache-2.0
// Bounds how many calls are in flight. gRPC has no such limit for its callback API, and without one
// a flood would queue in memory until the kernel ends the agent.
//
// Thread-safe. Tickets keep the gate alive, since the work of a call that its caller has left may
// end after the server has.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

namespace berth::api {

class CallGate : public std::enable_shared_from_this<CallGate> {
 public:
  // Held as long as a call, or what it set going, needs memory.
  class Ticket {
   public:
    Ticket() = default;
    explicit Ticket(std::shared_ptr<CallGate> gate) : gate_(std::move(gate)) {}
    Ticket(Ticket&& other) noexcept = default;
    Ticket& operator=(Ticket&& other) = delete;
    ~Ticket() { Release(); }
    void Release() {
      if (gate_ != nullptr) gate_->in_flight_.fetch_sub(1);
      gate_ = nullptr;
    }
    explicit operator bool() const { return gate_ != nullptr; }

   private:
    std::shared_ptr<CallGate> gate_;
  };

  explicit CallGate(int max) : max_(max) {}

  // An empty ticket: `max` are in flight already.
  Ticket TryEnter() {
    if (in_flight_.fetch_add(1) < max_) return Ticket(shared_from_this());
    in_flight_.fetch_sub(1);
    return Ticket();
  }

  int in_flight() const { return in_flight_.load(); }

 private:
  const int max_;
  std::atomic<int> in_flight_{0};
};

}  // namespace berth::api
