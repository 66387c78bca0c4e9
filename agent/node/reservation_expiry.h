// SPDX-License-Identifier: Apache-2.0
// Ends reservations whose time has run out: one timer, set for the earliest deadline there is.
//
// Deadlines are wall-clock times, since they outlive the agent; a clock that is set forward or back
// is noticed within kLookEvery.
//
// Thread-safe; runs on the executor until that ends or this is destroyed.
#pragma once

#include <memory>

#include "agent/node/node_context.h"
#include "core/base/mutex.h"

namespace berth::node {

class ReservationExpiry : public std::enable_shared_from_this<ReservationExpiry> {
 public:
  static constexpr Duration kLookEvery = std::chrono::seconds(30);

  explicit ReservationExpiry(ContextPtr context) : context_(std::move(context)) {}

  // Ends what is due and sets the timer for the next; the first at the start of the agent, so that
  // what ran out while it was away is free before anybody asks.
  void Look() EXCLUDES(mutex_);
  // One with an earlier deadline may have come. Cheap where no reservation has changed.
  void ViewPublished(const model::NodeView& view) EXCLUDES(mutex_);

 private:
  void Arm(const model::NodeView& view) EXCLUDES(mutex_);

  const ContextPtr context_;
  Mutex mutex_;
  PersistentMap<model::Reservation> seen_ GUARDED_BY(mutex_);
  uint64_t timer_ GUARDED_BY(mutex_) = 0;  // Only the last one set counts.
};

}  // namespace berth::node
