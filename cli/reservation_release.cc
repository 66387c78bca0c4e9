// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "cli/agent.h"
#include "cli/commands.h"
#include "cli/failure.h"
#include "cli/report.h"
#include "cli/reservation_text.h"
#include "cli/verb.h"
#include "core/base/ids.h"

namespace berth::cli {
namespace {

namespace v1 = berth::v1;

struct Args {
  std::vector<std::string> ids;
  CallArgs call;
};

ExitCode Release(Context& context, const Args& args) {
  if (!args.call.request_id.empty() && args.ids.size() > 1)
    return Fail(context, "reservation release",
                BadUsage("--request-id: it names one call, so give one reservation with it"));
  Agent agent(context);
  ExitCode worst = ExitCode::kOk;
  std::vector<v1::Reservation> released;
  for (const std::string& id : args.ids) {
    v1::ReleaseRequest request;
    request.set_reservation_id(id);
    request.set_control_epoch(args.call.control_epoch);
    request.set_request_id(args.call.request_id.empty() ? NewUuid(context.random)
                                                        : args.call.request_id);
    auto reservation = agent.Call(&ReservationStub::Release, request);
    if (reservation.ok())
      released.push_back(*std::move(reservation));
    else
      worst = Worse(worst, Fail(context, "reservation release " + id, reservation.status(),
                                {.request_id = request.request_id()}));
  }
  ShowReservations(context, released);
  return worst;
}

}  // namespace

void AddReservationRelease(Command& reservation) {
  auto args = std::make_shared<Args>();
  Command release = reservation.Sub("release", "Give the room back");
  release.Positionals("ID", &args->ids, "Reservation ids (r-...)");
  AddExactlyOnceOptions(release, &args->call);
  release.Example("Example:\n  berthctl reservation release r-0123456789abcdef0");
  release.Run([args](Context& context) { return Release(context, *args); });
}

}  // namespace berth::cli
