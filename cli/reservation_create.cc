// SPDX-License-Identifier: Apache-2.0
#include <google/protobuf/util/time_util.h>

#include <memory>

#include "cli/agent.h"
#include "cli/commands.h"
#include "cli/failure.h"
#include "cli/report.h"
#include "cli/reservation_text.h"
#include "cli/shape_flags.h"
#include "cli/verb.h"
#include "core/base/ids.h"

namespace berth::cli {
namespace {

namespace v1 = berth::v1;

struct Args {
  CreateArgs shape;
  CallArgs call;
  std::string hold;
};

StatusOr<v1::ReserveRequest> MakeRequest(const Args& args) {
  v1::InstanceSpec spec;
  BERTH_RETURN_IF_ERROR(FillShape(args.shape, spec));
  v1::ReserveRequest request;
  if (spec.has_shape())
    *request.mutable_shape() = spec.shape();
  else
    request.set_instance_type(spec.instance_type());
  BERTH_ASSIGN_OR_RETURN(const int64_t disk_mib, DiskOf(args.shape));
  request.set_disk_mib(disk_mib);
  request.set_tenant_id(args.shape.tenant);
  request.set_reservation_id(args.shape.id);
  request.set_validate_only(args.shape.dry_run);
  request.set_control_epoch(args.call.control_epoch);
  if (args.hold.empty()) return request;
  BERTH_ASSIGN_OR_RETURN(const Duration hold, TimeOf("--for", args.hold));
  *request.mutable_hold_duration() =
      google::protobuf::util::TimeUtil::MillisecondsToDuration(hold.count());
  return request;
}

ExitCode Create(Context& context, const Args& args) {
  auto request = MakeRequest(args);
  if (!request.ok()) return Fail(context, "reservation create", request.status());
  request->set_request_id(args.call.request_id.empty() ? NewUuid(context.random)
                                                       : args.call.request_id);
  Agent agent(context);
  const auto reservation = agent.Call(&ReservationStub::Reserve, *request);
  if (!reservation.ok())
    return Fail(context, "reservation create", reservation.status(),
                {.request_id = request->request_id()});
  ShowReservations(context, {*reservation});
  if (args.shape.dry_run && !context.json())
    context.err << "It would be held now; nothing was made.\n";
  return ExitCode::kOk;
}

}  // namespace

void AddReservationCreate(Command& reservation) {
  auto args = std::make_shared<Args>();
  Command create = reservation.Sub("create", "Hold room for one instance");
  AddShapeFlags(create, &args->shape, "Disk to hold; the type's own if left out");
  create.Group("The reservation");
  create.Option("--for", "TIME", &args->hold, "How long to hold it (60s), at most 24h");
  create.Option("--tenant", "ID", &args->shape.tenant, "Whom it belongs to (default)");
  create.Option("--id", "ID", &args->shape.id,
                "The reservation id; the agent makes one if left out");
  create.Flag("--dry-run", &args->shape.dry_run, "Check everything, room included; hold nothing");
  AddExactlyOnceOptions(create, &args->call);
  create.Example(
      "Example:\n  berthctl reservation create --type m1.large --for 5m\n"
      "  berthctl instance create --reservation r-0123456789abcdef0 --image debian.qcow2");
  create.Run([args](Context& context) { return Create(context, *args); });
}

}  // namespace berth::cli
