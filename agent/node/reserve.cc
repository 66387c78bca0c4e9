// SPDX-License-Identifier: Apache-2.0
#include "agent/node/reserve.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "agent/node/admission.h"
#include "agent/node/candidate.h"
#include "agent/node/held_reservation.h"
#include "agent/node/resolve_spec.h"
#include "agent/node/submit_once.h"
#include "core/base/error.h"
#include "core/base/ids.h"
#include "core/model/validate.h"

namespace berth::node {
namespace {

std::vector<FieldViolation> OwnFaults(const ReserveArgs& args) {
  std::vector<FieldViolation> faults;
  if (!args.reservation_id.empty() && !IsReservationId(args.reservation_id))
    faults.push_back(
        {"reservation_id", "give \"r-\" and 17 lower-case hexadecimal digits, or leave it empty"});
  if (args.disk_mib < 0 || args.disk_mib > model::kRootDiskMibMax)
    faults.push_back({"disk_mib", fmt::format("give 0 to {} MiB", model::kRootDiskMibMax)});
  if (args.hold < kHoldMin || args.hold > kHoldMax)
    faults.push_back({"hold_duration", "give 1 s to 24 h"});
  return faults;
}

}  // namespace

StatusOr<ReservationRequest> ResolveReserve(const CallContext& call, const ReserveArgs& args,
                                            const std::vector<model::InstanceType>& types) {
  std::vector<FieldViolation> faults = OwnFaults(args);
  auto resolved = ResolveShape(call, args.instance_type, args.shape, args.tenant_id, types);
  for (FieldViolation& fault : DetailsOf(resolved.status()).violations)
    faults.push_back(std::move(fault));
  if (!faults.empty()) return InvalidFields(std::move(faults));
  return ReservationRequest{
      .reservation_id = args.reservation_id,
      .tenant_id = args.tenant_id,
      .instance_type = args.instance_type,
      .shape = std::move(resolved->spec.shape),
      .disk_mib = args.disk_mib > 0 ? args.disk_mib : resolved->default_root_disk_mib,
      .hold = args.hold};
}

namespace {

StatusOr<model::Reservation> HoldOrRefuse(LedgerTxn& txn, const NodeContext& context,
                                          ReservationRequest request,
                                          const model::Topology& topology_now, bool validate_only) {
  Random& random = context.with.random;
  const bool made = request.reservation_id.empty();
  if (made) request.reservation_id = NewReservationId(random);
  BERTH_ASSIGN_OR_RETURN(request.id_was_used, txn.WasErased(request.reservation_id));
  const AdmissionIds ids{"", NewClaimId(random), NewClaimId(random)};
  BERTH_ASSIGN_OR_RETURN(Holding holding, Hold(txn.view(), context.Room(txn.view(), topology_now),
                                               request, ids, txn.now()));
  if (validate_only) {
    // As it would be, without what only a real one has.
    if (made) holding.reservation.id.clear();
    return std::move(holding.reservation);
  }
  txn.PutClaim(std::move(holding.run_claim));
  txn.PutClaim(std::move(holding.disk_claim));
  txn.PutReservation(std::move(holding.reservation));
  return *txn.view().reservations.Find(request.reservation_id);
}

}  // namespace

void Reserve(const ContextPtr& context, CallContext call, ReserveArgs args,
             NodeAgent::DoneWith<model::Reservation> done) {
  // What is only checked is neither stored nor answered from the store.
  if (args.validate_only) call.request_id.clear();
  call.validate_only = args.validate_only;
  auto request = ResolveReserve(call, args, context->with.types);
  if (!request.ok()) return context->Refuse(std::move(done), std::move(request).status());
  const HypervisorHealth health = context->with.hypervisor.Health();
  if (Status away = CheckHypervisor(health); !away.ok())
    return context->Refuse(std::move(done), std::move(away));
  request->emulated = health.accel != "kvm";
  SubmitOnce<model::Reservation>(
      context, std::move(call),
      [context, request = std::move(*request), topology_now = context->TopologyNow(),
       validate_only = args.validate_only](LedgerTxn& txn) {
        return HoldOrRefuse(txn, *context, request, topology_now, validate_only);
      },
      std::move(done));
}

void Release(const ContextPtr& context, CallContext call, const std::string& id,
             NodeAgent::DoneWith<model::Reservation> done) {
  std::vector<FieldViolation> faults = CallFaults(call);
  if (const Status wrong = CheckReservationId(id); !wrong.ok())
    faults.push_back(DetailsOf(wrong).violations.front());
  if (!faults.empty()) return context->Refuse(std::move(done), InvalidFields(std::move(faults)));
  SubmitOnce<model::Reservation>(
      context, std::move(call),
      [id](LedgerTxn& txn) -> StatusOr<model::Reservation> {
        BERTH_ASSIGN_OR_RETURN(const auto reservation, FindReservation(txn.view(), id));
        const model::ReservationState state = reservation->state;
        if (state == model::ReservationState::kCommitted)
          return FindHeld(txn.view(), id, txn.now()).status();
        if (state == model::ReservationState::kHeld)
          EndReservation(txn, *reservation, model::ReservationState::kReleased);
        return *txn.view().reservations.Find(id);
      },
      std::move(done));
}

}  // namespace berth::node
