// SPDX-License-Identifier: Apache-2.0
// Reservations between the wire and the model. Pure functions, thread-safe.
#pragma once

#include <optional>

#include "agent/api/request_faults.h"
#include "agent/node/node_agent.h"
#include "berth/v1/reservation.pb.h"
#include "berth/v1/reservation_service.pb.h"

namespace berth::api {

v1::Reservation FromReservation(const model::Reservation& reservation);

// With every fault, also that the type is none of `types`.
ReserveArgs ToReserve(const v1::ReserveRequest& request,
                      const std::vector<model::InstanceType>& types, RequestFaults& faults);
ListReservationsArgs ToListReservations(const v1::ListReservationsRequest& request,
                                        RequestFaults& faults);

}  // namespace berth::api
