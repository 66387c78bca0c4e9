// SPDX-License-Identifier: Apache-2.0
#include "agent/node/candidate.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/node/admission.h"
#include "agent/node/held_reservation.h"
#include "agent/node/resolve_spec.h"
#include "core/base/error.h"
#include "core/base/ids.h"
#include "core/base/reasons.h"
#include "core/model/names.h"

namespace berth::node {
namespace {

constexpr Duration kHypervisorRetry = std::chrono::seconds(5);

int64_t MibOf(int64_t bytes) { return (bytes + (1 << 20) - 1) >> 20; }

// What the hypervisor would refuse only when the guest is to start.
Status CheckCpuModel(const Candidate& candidate, const HypervisorHealth& health) {
  const model::Platform& platform = candidate.spec.platform;
  if (candidate.emulated && platform.cpu_model_policy == model::CpuModelPolicy::kHostPassthrough)
    return InvalidField("spec.platform.cpu_model_policy",
                        "the host's own CPU needs KVM, and this node emulates: leave it out, or "
                        "name a model");
  const auto& known = health.cpu_models;
  if (platform.cpu_model_policy != model::CpuModelPolicy::kNamed || known == nullptr ||
      std::find(known->begin(), known->end(), platform.cpu_model) != known->end())
    return OkStatus();
  return InvalidField("spec.platform.cpu_model",
                      fmt::format("the hypervisor of this node knows no \"{}\"; `virsh cpu-models "
                                  "x86_64` lists its models",
                                  platform.cpu_model));
}

StatusOr<Admission> AdmitOne(LedgerTxn& txn, const NodeContext& context, const Candidate& candidate,
                             const model::Topology& topology_now) {
  Random& random = context.with.random;
  const std::string& asked = candidate.args.instance_id;
  AdmissionRequest request{asked.empty() ? NewInstanceId(random) : asked, candidate.spec,
                           candidate.emulated};
  BERTH_ASSIGN_OR_RETURN(request.id_was_used, txn.WasErased(request.instance_id));
  const AdmissionIds ids{NewOperationId(random), NewClaimId(random), NewClaimId(random)};
  if (candidate.args.reservation_id.empty())
    return Admit(txn.view(), context.Room(txn.view(), topology_now), request, ids, txn.now());
  BERTH_ASSIGN_OR_RETURN(const auto reservation,
                         FindHeld(txn.view(), candidate.args.reservation_id, txn.now()));
  return AdmitReserved(txn.view(), *reservation, request, ids.operation, txn.now());
}

// As it would be, without what only a real one has.
model::InstanceRecord WouldBe(const Candidate& candidate, model::InstanceRecord record) {
  model::InstanceRecord would_be;
  would_be.id = candidate.args.instance_id;
  would_be.spec = std::move(record.spec);
  return would_be;
}

// One that Berth has brought here may have been evicted since its file was looked at.
Status CheckImage(const model::NodeView& view, const model::BootSource& boot) {
  const std::string& image_id = boot.image;
  if (!IsImageId(image_id)) return OkStatus();
  const auto image = view.images.Find(image_id);
  if (image != nullptr && image->state == model::ImageState::kAvailable) return OkStatus();
  return MakeError(
      StatusCode::kNotFound,
      fmt::format("{} is not in the cache of this node{}{}", image_id,
                  image == nullptr ? "" : fmt::format(", it is {}", model::Name(image->state)),
                  "; `berthctl image pull` brings it here"),
      {.reason = reasons::kImageNotFound,
       .violations = {{boot.kernel.empty() ? "spec.boot.disk.image" : "spec.boot.kernel.image",
                       "pull it, or name one that is AVAILABLE"}}});
}

void NoteUse(LedgerTxn& txn, const std::string& image_id) {
  const auto image = txn.view().images.Find(image_id);
  if (image == nullptr) return;
  model::Image used = *image;
  used.last_used = txn.now();
  txn.PutImage(std::move(used));
}

}  // namespace

void Prepare(const ContextPtr& context, const CallContext& call, CreateInstanceArgs args,
             NodeAgent::DoneWith<Candidate> done) {
  auto resolved = Resolve(call, args, context->with.types);
  if (!resolved.ok()) return done(resolved.status());
  const HypervisorHealth health = context->with.hypervisor.Health();
  if (Status away = CheckHypervisor(health); !away.ok()) return done(std::move(away));
  Candidate candidate{std::move(args), std::move(resolved->spec), health.accel != "kvm"};
  if (Status wrong = CheckCpuModel(candidate, health); !wrong.ok()) return done(std::move(wrong));
  const model::InstanceSpec spec = candidate.spec;
  context->with.storage.CheckBoot(
      spec, [candidate = std::move(candidate), default_mib = resolved->default_root_disk_mib,
             done = std::move(done)](const StatusOr<ImageInfo>& info) mutable {
        if (!info.ok()) return done(info.status());
        // From here on the size is a number, so that disk and claim stay equal whatever becomes of
        // the image.
        if (candidate.spec.root_disk_mib == 0 && !candidate.spec.boot.image.empty())
          candidate.spec.root_disk_mib = std::max(MibOf(info->virtual_bytes), default_mib);
        done(std::move(candidate));
      });
}

StatusOr<model::InstanceRecord> AdmitCandidate(LedgerTxn& txn, const NodeContext& context,
                                               const CallContext& call, const Candidate& candidate,
                                               const model::Topology& topology_now) {
  BERTH_RETURN_IF_ERROR(CheckImage(txn.view(), candidate.spec.boot));
  BERTH_ASSIGN_OR_RETURN(Admission admission, AdmitOne(txn, context, candidate, topology_now));
  if (candidate.args.validate_only) return WouldBe(candidate, std::move(admission.record));
  const std::string id = admission.record.id;
  admission.operation.principal = call.principal;
  admission.operation.request_id = call.request_id;
  txn.PutClaim(std::move(admission.run_claim));
  txn.PutClaim(std::move(admission.disk_claim));
  txn.PutOperation(std::move(admission.operation));
  txn.PutInstance(std::move(admission.record));
  NoteUse(txn, candidate.spec.boot.image);
  if (const std::string& from = candidate.args.reservation_id; !from.empty())
    EndReservation(txn, *txn.view().reservations.Find(from), model::ReservationState::kCommitted,
                   id);
  return *txn.view().instances.Find(id);
}

Status CheckHypervisor(const HypervisorHealth& health) {
  if (health.connected) return OkStatus();
  return MakeError(
      StatusCode::kUnavailable,
      fmt::format("the hypervisor at {} does not answer: {}", health.uri, health.error),
      {.reason = reasons::kHypervisorUnavailable, .retry_after = kHypervisorRetry});
}

}  // namespace berth::node
