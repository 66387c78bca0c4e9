// SPDX-License-Identifier: Apache-2.0
// `berthctl reservation list` and `reservation get`.
#include <fmt/format.h>

#include <cctype>
#include <memory>

#include "cli/agent.h"
#include "cli/all_pages.h"
#include "cli/commands.h"
#include "cli/failure.h"
#include "cli/json_output.h"
#include "cli/report.h"
#include "cli/reservation_text.h"

namespace berth::cli {
namespace {

namespace v1 = berth::v1;

StatusOr<v1::ReservationState> StateOf(const std::string& word) {
  std::string name = "RESERVATION_STATE_";
  for (const char c : word) name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  v1::ReservationState state = v1::RESERVATION_STATE_UNSPECIFIED;
  if (v1::ReservationState_Parse(name, &state) && state != v1::RESERVATION_STATE_UNSPECIFIED)
    return state;
  return BadUsage(fmt::format("--state {}: it is one of held, committed, released, expired", word));
}

ExitCode List(Context& context, const std::vector<std::string>& states) {
  v1::ListReservationsRequest filter;
  for (const std::string& word : states) {
    const auto state = StateOf(word);
    if (!state.ok()) return Fail(context, "reservation list", state.status());
    filter.add_states(*state);
  }
  Agent agent(context);
  const auto all = AllPages(agent, &ReservationStub::ListReservations, filter);
  if (!all.ok()) return Fail(context, "reservation list", all.status());
  if (context.json()) {
    context.out << ToJson(*all);
  } else if (all->reservations().empty()) {
    context.err << "No reservations.\n";
  } else {
    context.out << RenderReservations({all->reservations().begin(), all->reservations().end()},
                                      context);
  }
  return ExitCode::kOk;
}

ExitCode Get(Context& context, const std::vector<std::string>& ids) {
  Agent agent(context);
  ExitCode worst = ExitCode::kOk;
  std::vector<v1::Reservation> found;
  for (const std::string& id : ids) {
    v1::GetReservationRequest request;
    request.set_reservation_id(id);
    auto reservation = agent.Call(&ReservationStub::GetReservation, request);
    if (reservation.ok())
      found.push_back(*std::move(reservation));
    else
      worst = Worse(worst, Fail(context, "reservation get " + id, reservation.status()));
  }
  ShowReservations(context, found);
  return worst;
}

}  // namespace

void AddReservationList(Command& reservation) {
  auto states = std::make_shared<std::vector<std::string>>();
  Command list = reservation.Sub("list", "List reservations, ended ones for an hour");
  list.Options("--state", "STATE", states.get(), "Only those in this state; may be repeated");
  list.Example("Example:\n  berthctl reservation list --state held");
  list.Run([states](Context& context) { return List(context, *states); });
}

void AddReservationGet(Command& reservation) {
  auto ids = std::make_shared<std::vector<std::string>>();
  Command get = reservation.Sub("get", "Show reservations");
  get.Positionals("ID", ids.get(), "Reservation ids (r-...)");
  get.Example("Example:\n  berthctl reservation get r-0123456789abcdef0 -o json");
  get.Run([ids](Context& context) { return Get(context, *ids); });
}

}  // namespace berth::cli
