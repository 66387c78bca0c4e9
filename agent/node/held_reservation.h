// SPDX-License-Identifier: Apache-2.0
// What may be done with a reservation inside a transaction.
#pragma once

#include <memory>
#include <string>

#include "agent/ledger/ledger_txn.h"
#include "core/base/status.h"
#include "core/model/node_view.h"

namespace berth::node {

using ReservationPtr = std::shared_ptr<const model::Reservation>;

// NOT_FOUND RESERVATION_NOT_FOUND.
StatusOr<ReservationPtr> FindReservation(const model::NodeView& view, const std::string& id);

// One that still holds its room: also before the deadline, whether its end was written down yet or
// not. NOT_FOUND as above; FAILED_PRECONDITION RESERVATION_NOT_HELD, saying how it ended.
StatusOr<ReservationPtr> FindHeld(const model::NodeView& view, const std::string& id, WallTime now);

// Writes that it has ended so. Of one that became an instance the claims are the instance's by now;
// else they are erased.
void EndReservation(LedgerTxn& txn, const model::Reservation& reservation,
                    model::ReservationState how, const std::string& instance_id = "");

// OK if `id` looks like a reservation's.
Status CheckReservationId(const std::string& id);

}  // namespace berth::node
