// SPDX-License-Identifier: Apache-2.0
#include "agent/api/reservation_convert.h"

#include <fmt/format.h>

#include "agent/api/shape_convert.h"
#include "agent/api/spec_convert.h"
#include "agent/api/time_convert.h"
#include "agent/node/reserve.h"

namespace berth::api {
namespace {

v1::ReservationState FromState(model::ReservationState state) {
  switch (state) {
    case model::ReservationState::kHeld:
      return v1::RESERVATION_STATE_HELD;
    case model::ReservationState::kCommitted:
      return v1::RESERVATION_STATE_COMMITTED;
    case model::ReservationState::kReleased:
      return v1::RESERVATION_STATE_RELEASED;
    case model::ReservationState::kExpired:
      return v1::RESERVATION_STATE_EXPIRED;
  }
  return v1::RESERVATION_STATE_UNSPECIFIED;
}

std::optional<model::ReservationState> ToState(int state) {
  switch (state) {
    case v1::RESERVATION_STATE_HELD:
      return model::ReservationState::kHeld;
    case v1::RESERVATION_STATE_COMMITTED:
      return model::ReservationState::kCommitted;
    case v1::RESERVATION_STATE_RELEASED:
      return model::ReservationState::kReleased;
    case v1::RESERVATION_STATE_EXPIRED:
      return model::ReservationState::kExpired;
    default:
      return std::nullopt;
  }
}

}  // namespace

v1::Reservation FromReservation(const model::Reservation& reservation) {
  v1::Reservation out;
  out.set_reservation_id(reservation.id);
  out.set_state(FromState(reservation.state));
  out.set_tenant_id(reservation.tenant_id);
  out.set_instance_type(reservation.instance_type);
  *out.mutable_shape() = FromShape(reservation.shape);
  out.set_disk_mib(reservation.disk_mib);
  if (!reservation.placement.cells.empty())
    *out.mutable_placement() = FromPlacement(reservation.placement, reservation.overhead_mib,
                                             reservation.claimed_disk_mib);
  out.set_instance_id(reservation.instance_id);
  if (reservation.created != WallTime{})
    *out.mutable_create_time() = ToTimestamp(reservation.created);
  if (reservation.expires != WallTime{})
    *out.mutable_expire_time() = ToTimestamp(reservation.expires);
  out.set_revision(reservation.revision);
  return out;
}

ReserveArgs ToReserve(const v1::ReserveRequest& request,
                      const std::vector<model::InstanceType>& types, RequestFaults& faults) {
  ReserveArgs args;
  args.reservation_id = request.reservation_id();
  args.tenant_id = ToTenant(request.tenant_id());
  args.instance_type = request.instance_type();
  args.disk_mib = request.disk_mib();
  args.validate_only = request.validate_only();
  if (request.target_case() == v1::ReserveRequest::kShape)
    args.shape = ToShape(request.shape(), "shape", faults);
  else if (request.instance_type().empty())
    faults.Invalid("shape", "give either instance_type or shape");
  if (request.has_hold_duration()) {
    const auto hold = ToDuration(request.hold_duration());
    if (!hold) faults.Invalid("hold_duration", "give 1 s to 24 h");
    args.hold = hold.value_or(args.hold);
  }
  const auto resolved = node::ResolveReserve(CallContext{}, args, types);
  for (const FieldViolation& violation : DetailsOf(resolved.status()).violations)
    faults.Invalid(violation.field, violation.description);
  return args;
}

ListReservationsArgs ToListReservations(const v1::ListReservationsRequest& request,
                                        RequestFaults& faults) {
  ListReservationsArgs args{
      .page_size = request.page_size(), .page_token = request.page_token(), .states = {}};
  for (int i = 0; i < request.states_size(); ++i) {
    const auto state = ToState(request.states(i));
    if (state)
      args.states.push_back(*state);
    else
      faults.Invalid(fmt::format("states[{}]", i), "name a state, or leave it out for all");
  }
  return args;
}

}  // namespace berth::api
