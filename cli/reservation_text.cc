// SPDX-License-Identifier: Apache-2.0
#include "cli/reservation_text.h"

#include <google/protobuf/util/time_util.h>

#include "berth/v1/reservation_service.pb.h"
#include "cli/json_output.h"
#include "cli/sizes.h"
#include "cli/table.h"
#include "cli/wire_text.h"

namespace berth::cli {
namespace {

namespace v1 = berth::v1;

Tone ToneOf(v1::ReservationState state) {
  if (state == v1::RESERVATION_STATE_HELD) return Tone::kGood;
  return state == v1::RESERVATION_STATE_EXPIRED ? Tone::kCaution : Tone::kPlain;
}

// How long it will still hold; "" once it has ended.
std::string LeftText(const v1::Reservation& reservation, WallTime now) {
  if (reservation.state() != v1::RESERVATION_STATE_HELD) return "";
  const auto end =
      google::protobuf::util::TimeUtil::TimestampToMilliseconds(reservation.expire_time());
  return HumanAge(Duration(end - now.time_since_epoch().count()));
}

std::string NodesOf(const v1::Reservation& reservation) {
  std::string nodes;
  for (const v1::PlacementCell& cell : reservation.placement().cells())
    nodes += (nodes.empty() ? "" : ",") + std::to_string(cell.node());
  return nodes;
}

}  // namespace

std::string RenderReservations(const std::vector<v1::Reservation>& reservations,
                               const Context& context) {
  Table table({"RESERVATION", "STATE", "LEFT", "TYPE", ">VCPUS", ">MEMORY", ">DISK", "NODES",
               "TENANT", "INSTANCE"});
  for (const v1::Reservation& reservation : reservations) {
    const std::string& type = reservation.instance_type();
    table.Add({reservation.reservation_id(),
               {ShortName(reservation.state(), "RESERVATION_STATE_"), ToneOf(reservation.state())},
               LeftText(reservation, context.clock.WallNow()),
               type.empty() ? "custom" : type,
               std::to_string(reservation.shape().vcpus()),
               HumanMib(reservation.shape().memory_mib()),
               reservation.disk_mib() > 0 ? HumanMib(reservation.disk_mib()) : "",
               NodesOf(reservation),
               reservation.tenant_id(),
               reservation.instance_id()});
  }
  return table.Render(context.colour_out());
}

void ShowReservations(const Context& context, const std::vector<v1::Reservation>& reservations) {
  if (context.json() && reservations.size() == 1) {
    context.out << ToJson(reservations.front());
  } else if (context.json()) {
    v1::ListReservationsResponse list;
    for (const v1::Reservation& reservation : reservations) *list.add_reservations() = reservation;
    context.out << ToJson(list);
  } else if (!reservations.empty()) {
    context.out << RenderReservations(reservations, context);
  }
}

}  // namespace berth::cli
