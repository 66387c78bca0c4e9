// SPDX-License-Identifier: Apache-2.0
#include "agent/node/admission.h"

#include <fmt/format.h>

#include <utility>

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

model::Claim RunClaim(const std::string& id, const std::string& instance_id,
                      const model::InstanceSpec& spec, scheduler::Charge charge) {
  return {.id = id,
          .owner_id = instance_id,
          .held = charge.run,
          .overhead_mib = charge.overhead_mib,
          .tenant_id = spec.tenant_id,
          .core_sharing = spec.shape.core_sharing,
          .placement = std::move(charge.placement)};
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
  BERTH_ASSIGN_OR_RETURN(scheduler::Charge charge,
                         scheduler::Place(room, DemandOf(request.spec, request.emulated)));
  Admission admission;
  admission.record = NewRecord(request, ids, charge, now);
  admission.operation = NewCreateOperation(ids.operation, request.instance_id, now);
  admission.disk_claim = {
      .id = ids.disk_claim, .owner_id = request.instance_id, .held = charge.disk};
  admission.run_claim =
      RunClaim(ids.run_claim, request.instance_id, request.spec, std::move(charge));
  return admission;
}

StatusOr<model::Claim> ClaimForRun(const scheduler::Room& room, const model::InstanceRecord& record,
                                   bool emulated, const std::string& claim_id) {
  scheduler::Demand demand = DemandOf(record.spec, emulated);
  demand.with_disk = false;
  BERTH_ASSIGN_OR_RETURN(scheduler::Charge charge, scheduler::Place(room, demand));
  return RunClaim(claim_id, record.id, record.spec, std::move(charge));
}

Status CheckCordon(const model::NodeView& view) {
  if (!view.cordoned) return OkStatus();
  return MakeError(StatusCode::kFailedPrecondition, reasons::kNodeCordoned,
                   "the node is cordoned: it takes no new instances and starts none; uncordon it "
                   "or choose another");
}

}  // namespace berth::node
