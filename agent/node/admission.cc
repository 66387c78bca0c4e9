// SPDX-License-Identifier: Apache-2.0
#include "agent/node/admission.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "agent/instance/lifecycle.h"
#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth::node {
namespace {

Status CheckIdIsNew(const model::NodeView& view, const AdmissionRequest& request) {
  const auto taken = view.instances.Find(request.instance_id);
  if (taken == nullptr && !request.id_was_used) return OkStatus();
  const bool lives = taken != nullptr && taken->state != model::InstanceState::kTerminated;
  return MakeError(
      StatusCode::kAlreadyExists,
      fmt::format("{} {}; ids are never used again: give another, or none", request.instance_id,
                  lives ? "is an instance's already" : "was a terminated instance's"),
      {.reason = reasons::kInstanceExists, .metadata = {{"instance_id", request.instance_id}}});
}

// A claim for running; its owner, and when, are its caller's to write.
model::Claim RunClaim(const std::string& id, const std::string& tenant_id,
                      model::CoreSharing core_sharing, const scheduler::Charge& charge) {
  return {.id = id,
          .owner_id = "",
          .held = charge.run,
          .overhead_mib = charge.overhead_mib,
          .tenant_id = tenant_id,
          .core_sharing = core_sharing,
          .placement = charge.placement};
}

scheduler::Demand DemandOf(const model::InstanceSpec& spec, bool emulated) {
  return {.shape = spec.shape, .tenant_id = spec.tenant_id, .traits = TraitsOf(spec, emulated)};
}

model::InstanceRecord NewRecord(const AdmissionRequest& request, const AdmissionIds& ids,
                                const scheduler::Charge& charge, WallTime now) {
  model::InstanceRecord record;
  record.id = request.instance_id;
  record.spec = request.spec;
  record.operation_id = ids.operation;
  record.run_claim_id = ids.run_claim;
  record.disk_claim_id = ids.disk_claim;
  record.placement = charge.placement;
  record.overhead_mib = charge.overhead_mib;
  record.claimed_disk_mib = charge.disk.disk_mib;
  record.created = now;
  record.state_time = now;
  record.observed_time = now;
  return record;
}

// Of all specs that a reservation may become: an image, and a kernel of its own besides.
scheduler::GuestTraits DearestTraits(const ReservationRequest& request) {
  return {.disks = request.disk_mib > 0 ? 2 : 1,
          .root_disk_mib = request.disk_mib,
          .direct_kernel = true,
          .emulated = request.emulated};
}

std::vector<FieldViolation> DifferencesFrom(const model::Reservation& reservation,
                                            const model::InstanceSpec& spec) {
  std::vector<FieldViolation> faults;
  if (spec.tenant_id != reservation.tenant_id)
    faults.push_back({"spec.tenant_id",
                      fmt::format("the reservation is of tenant \"{}\"", reservation.tenant_id)});
  if (spec.instance_type != reservation.instance_type)
    faults.push_back({"spec.instance_type",
                      reservation.instance_type.empty()
                          ? "the reservation is of a custom shape: give that"
                          : "the reservation is of type \"" + reservation.instance_type + "\""});
  else if (spec.shape != reservation.shape)
    faults.push_back({spec.instance_type.empty() ? "spec.shape" : "spec.instance_type",
                      "not the shape that was reserved: give the same, or reserve anew"});
  if (spec.root_disk_mib > reservation.disk_mib)
    faults.push_back(
        {"spec.root_disk.size_mib",
         fmt::format("{} MiB are needed and {} reserved: reserve more, or ask for less",
                     spec.root_disk_mib, reservation.disk_mib)});
  return faults;
}

Status CostsMore(const model::Reservation& reservation, int64_t overhead_mib) {
  const int64_t held = reservation.overhead_mib;
  return MakeError(
      StatusCode::kResourceExhausted,
      fmt::format("{} holds {} MiB for the guest's overhead and {} are needed now: reserve anew",
                  reservation.id, held, overhead_mib),
      {.reason = reasons::kInsufficientCapacity,
       .metadata = {{"memory_mib_wanted", std::to_string(overhead_mib)},
                    {"memory_mib_free", std::to_string(held)},
                    {"memory_mib_short", std::to_string(overhead_mib - held)}}});
}

}  // namespace

scheduler::GuestTraits TraitsOf(const model::InstanceSpec& spec, bool emulated) {
  const bool root_disk = !spec.boot.image.empty();
  return {.disks = root_disk ? 2 : 1,  // The seed is always there.
          .root_disk_mib = root_disk ? spec.root_disk_mib : 0,
          .direct_kernel = !spec.boot.kernel.empty(),
          .emulated = emulated};
}

StatusOr<Admission> Admit(const model::NodeView& view, const scheduler::Room& room,
                          const AdmissionRequest& request, const AdmissionIds& ids, WallTime now) {
  BERTH_RETURN_IF_ERROR(CheckCordon(view));
  BERTH_RETURN_IF_ERROR(CheckIdIsNew(view, request));
  BERTH_ASSIGN_OR_RETURN(const scheduler::Charge charge,
                         scheduler::Place(room, DemandOf(request.spec, request.emulated)));
  Admission admission;
  admission.record = NewRecord(request, ids, charge, now);
  admission.operation = NewCreateOperation(ids.operation, request.instance_id, now);
  admission.disk_claim = {.id = ids.disk_claim, .owner_id = "", .held = charge.disk};
  admission.run_claim =
      RunClaim(ids.run_claim, request.spec.tenant_id, request.spec.shape.core_sharing, charge);
  for (model::Claim* claim : {&admission.run_claim, &admission.disk_claim}) {
    claim->owner_id = request.instance_id;
    claim->created = now;
  }
  return admission;
}

StatusOr<Admission> AdmitReserved(const model::NodeView& view,
                                  const model::Reservation& reservation,
                                  const AdmissionRequest& request, const std::string& operation_id,
                                  WallTime now) {
  BERTH_RETURN_IF_ERROR(CheckIdIsNew(view, request));
  if (auto faults = DifferencesFrom(reservation, request.spec); !faults.empty())
    return InvalidFields(std::move(faults));
  const int64_t overhead_mib =
      scheduler::OverheadMib(request.spec.shape, TraitsOf(request.spec, request.emulated));
  if (overhead_mib > reservation.overhead_mib) return CostsMore(reservation, overhead_mib);

  const AdmissionIds ids{operation_id, reservation.run_claim_id, reservation.disk_claim_id};
  const scheduler::Charge charge{
      .overhead_mib = overhead_mib,
      .placement = reservation.placement,
      .disk = {.disk_mib = scheduler::DiskMib(request.spec.root_disk_mib)}};
  Admission admission;
  admission.record = NewRecord(request, ids, charge, now);
  admission.operation = NewCreateOperation(operation_id, request.instance_id, now);
  admission.run_claim = *view.claims.Find(reservation.run_claim_id);
  admission.run_claim.held.memory_mib -= reservation.overhead_mib - overhead_mib;
  admission.run_claim.overhead_mib = overhead_mib;
  admission.disk_claim = *view.claims.Find(reservation.disk_claim_id);
  admission.disk_claim.held = charge.disk;
  for (model::Claim* claim : {&admission.run_claim, &admission.disk_claim}) {
    claim->owner = model::ClaimOwner::kInstance;
    claim->owner_id = request.instance_id;
    claim->expires.reset();
  }
  return admission;
}

StatusOr<Holding> Hold(const model::NodeView& view, const scheduler::Room& room,
                       const ReservationRequest& request, const AdmissionIds& ids, WallTime now) {
  BERTH_RETURN_IF_ERROR(CheckCordon(view));
  if (request.id_was_used || view.reservations.Find(request.reservation_id) != nullptr)
    return MakeError(
        StatusCode::kAlreadyExists,
        fmt::format("{} was a reservation's already; ids are never used again: give another, or "
                    "none",
                    request.reservation_id),
        {.reason = reasons::kReservationExists,
         .metadata = {{"reservation_id", request.reservation_id}}});
  BERTH_ASSIGN_OR_RETURN(const scheduler::Charge charge,
                         scheduler::Place(room, {.shape = request.shape,
                                                 .tenant_id = request.tenant_id,
                                                 .traits = DearestTraits(request)}));
  Holding holding;
  holding.run_claim =
      RunClaim(ids.run_claim, request.tenant_id, request.shape.core_sharing, charge);
  holding.disk_claim = {.id = ids.disk_claim, .owner_id = "", .held = charge.disk};
  for (model::Claim* claim : {&holding.run_claim, &holding.disk_claim}) {
    claim->owner = model::ClaimOwner::kReservation;
    claim->owner_id = request.reservation_id;
    claim->created = now;
    claim->expires = now + request.hold;
  }
  holding.reservation = {.id = request.reservation_id,
                         .tenant_id = request.tenant_id,
                         .instance_type = request.instance_type,
                         .shape = request.shape,
                         .disk_mib = request.disk_mib,
                         .run_claim_id = ids.run_claim,
                         .disk_claim_id = ids.disk_claim,
                         .placement = charge.placement,
                         .overhead_mib = charge.overhead_mib,
                         .claimed_disk_mib = charge.disk.disk_mib,
                         .instance_id = "",
                         .created = now,
                         .expires = now + request.hold,
                         .ended = {}};
  return holding;
}

StatusOr<model::Claim> ClaimForRun(const scheduler::Room& room, const model::InstanceRecord& record,
                                   bool emulated, const std::string& claim_id, WallTime now) {
  scheduler::Demand demand = DemandOf(record.spec, emulated);
  demand.with_disk = false;
  BERTH_ASSIGN_OR_RETURN(const scheduler::Charge charge, scheduler::Place(room, demand));
  model::Claim claim =
      RunClaim(claim_id, record.spec.tenant_id, record.spec.shape.core_sharing, charge);
  claim.owner_id = record.id;
  claim.created = now;
  return claim;
}

Status CheckCordon(const model::NodeView& view) {
  if (!view.cordoned) return OkStatus();
  return MakeError(StatusCode::kFailedPrecondition, reasons::kNodeCordoned,
                   "the node is cordoned: it takes no new instances and starts none; uncordon it "
                   "or choose another");
}

}  // namespace berth::node
