// SPDX-License-Identifier: Apache-2.0
// Reservations as people read them. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "berth/v1/reservation.pb.h"
#include "cli/context.h"

namespace berth::cli {

// One row each.
std::string RenderReservations(const std::vector<berth::v1::Reservation>& reservations,
                               const Context& context);

// To context.out: a table, or JSON (of one: the reservation; else {"reservations": [...]}).
void ShowReservations(const Context& context,
                      const std::vector<berth::v1::Reservation>& reservations);

}  // namespace berth::cli
