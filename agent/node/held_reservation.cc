// SPDX-License-Identifier: Apache-2.0
#include "agent/node/held_reservation.h"

#include <fmt/format.h>

#include <utility>

#include "core/base/error.h"
#include "core/base/ids.h"
#include "core/base/probe.h"
#include "core/base/reasons.h"
#include "core/model/names.h"

namespace berth::node {
namespace {

// The end of a sentence that begins with its id.
std::string HowItEnded(const model::Reservation& reservation) {
  switch (reservation.state) {
    case model::ReservationState::kCommitted:
      return "became " + reservation.instance_id;
    case model::ReservationState::kReleased:
      return "was released";
    case model::ReservationState::kHeld:  // Past its deadline.
    case model::ReservationState::kExpired:
      break;
  }
  return "has expired";
}

}  // namespace

StatusOr<ReservationPtr> FindReservation(const model::NodeView& view, const std::string& id) {
  auto reservation = view.reservations.Find(id);
  if (reservation != nullptr) return reservation;
  return MakeError(
      StatusCode::kNotFound,
      fmt::format("there is no reservation {}; ended ones are shown for a while only", id),
      {.reason = reasons::kReservationNotFound, .metadata = {{"reservation_id", id}}});
}

StatusOr<ReservationPtr> FindHeld(const model::NodeView& view, const std::string& id,
                                  WallTime now) {
  BERTH_ASSIGN_OR_RETURN(ReservationPtr reservation, FindReservation(view, id));
  if (reservation->state == model::ReservationState::kHeld && reservation->expires > now)
    return reservation;
  return MakeError(
      StatusCode::kFailedPrecondition,
      fmt::format("{} {} and holds nothing any more: reserve anew", id, HowItEnded(*reservation)),
      {.reason = reasons::kReservationNotHeld,
       .metadata = {{"reservation_id", id},
                    {"state", std::string(model::Name(reservation->state))}}});
}

void EndReservation(LedgerTxn& txn, const model::Reservation& reservation,
                    model::ReservationState how, const std::string& instance_id) {
  model::Reservation ended = reservation;
  if (how == model::ReservationState::kExpired) BERTH_PROBE("a reservation runs out");
  if (how == model::ReservationState::kCommitted) BERTH_PROBE("a reservation becomes an instance");
  if (how != model::ReservationState::kCommitted) {
    txn.EraseClaim(ended.run_claim_id);
    txn.EraseClaim(ended.disk_claim_id);
  }
  ended.state = how;
  ended.instance_id = instance_id;
  ended.ended = txn.now();
  ended.run_claim_id.clear();
  ended.disk_claim_id.clear();
  ended.placement = {};
  ended.overhead_mib = 0;
  ended.claimed_disk_mib = 0;
  txn.PutReservation(std::move(ended));
}

Status CheckReservationId(const std::string& id) {
  if (IsReservationId(id)) return OkStatus();
  return InvalidField("reservation_id", "give \"r-\" and 17 lower-case hexadecimal digits");
}

}  // namespace berth::node
