// SPDX-License-Identifier: Apache-2.0
#include "agent/node/reservation_expiry.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/node/held_reservation.h"

namespace berth::node {
namespace {

bool IsHeld(const model::Reservation& reservation) {
  return reservation.state == model::ReservationState::kHeld;
}

std::vector<ReservationPtr> Due(const model::NodeView& view, WallTime now) {
  std::vector<ReservationPtr> due;
  view.reservations.ForEach([&](const std::string&, const ReservationPtr& reservation) {
    if (IsHeld(*reservation) && reservation->expires <= now) due.push_back(reservation);
  });
  return due;
}

std::optional<WallTime> EarliestDeadline(const model::NodeView& view) {
  std::optional<WallTime> earliest;
  view.reservations.ForEach([&](const std::string&, const ReservationPtr& reservation) {
    if (IsHeld(*reservation) && (!earliest || reservation->expires < *earliest))
      earliest = reservation->expires;
  });
  return earliest;
}

}  // namespace

void ReservationExpiry::Look() {
  const auto view = context_->with.ledger.View();
  if (Due(*view, context_->with.clock.WallNow()).empty()) return Arm(*view);
  auto count = std::make_shared<int64_t>(0);
  context_->with.ledger.Submit(
      [count](LedgerTxn& txn) {
        const auto due = Due(txn.view(), txn.now());
        for (const ReservationPtr& reservation : due)
          EndReservation(txn, *reservation, model::ReservationState::kExpired);
        *count = static_cast<int64_t>(due.size());
        return OkStatus();
      },
      [weak = weak_from_this(), count](const Status& status) {
        const auto self = weak.lock();
        if (self == nullptr) return;
        const auto& expired = self->context_->with.observer.reservations_expired;
        if (status.ok() && expired) expired(*count);
        // What the ledger could not write now is tried again at the next look.
        self->Arm(*self->context_->with.ledger.View());
      });
}

void ReservationExpiry::ViewPublished(const model::NodeView& view) {
  {
    MutexLock lock(mutex_);
    if (seen_.IsSame(view.reservations)) return;
    seen_ = view.reservations;
  }
  Arm(view);
}

void ReservationExpiry::Arm(const model::NodeView& view) {
  const auto deadline = EarliestDeadline(view);
  if (!deadline) return;
  uint64_t timer = 0;
  {
    MutexLock lock(mutex_);
    timer = ++timer_;
  }
  const WallTime now = context_->with.clock.WallNow();
  // Never at once, so that a ledger that cannot write is not asked without pause.
  const Duration wait = std::clamp<Duration>(std::chrono::duration_cast<Duration>(*deadline - now),
                                             std::chrono::milliseconds(100), kLookEvery);
  context_->with.executor.PostAfter(wait, [weak = weak_from_this(), timer] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    {
      MutexLock lock(self->mutex_);
      if (timer != self->timer_) return;
    }
    self->Look();
  });
}

}  // namespace berth::node
