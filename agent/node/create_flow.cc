// SPDX-License-Identifier: Apache-2.0
#include "agent/node/create_flow.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/node/admission.h"
#include "agent/node/exactly_once.h"
#include "agent/node/resolve_spec.h"
#include "core/base/error.h"
#include "core/base/ids.h"
#include "core/base/reasons.h"

namespace berth::node {
namespace {

constexpr Duration kHypervisorRetry = std::chrono::seconds(5);

Status HypervisorAway(const HypervisorHealth& health) {
  return MakeError(
      StatusCode::kUnavailable,
      fmt::format("the hypervisor at {} does not answer: {}", health.uri, health.error),
      {.reason = reasons::kHypervisorUnavailable, .retry_after = kHypervisorRetry});
}

int64_t MibOf(int64_t bytes) { return (bytes + (1 << 20) - 1) >> 20; }

}  // namespace

CreateFlow::CreateFlow(ContextPtr context, CallContext call, CreateInstanceArgs args,
                       NodeAgent::DoneWith<model::InstanceRecord> done)
    : context_(std::move(context)),
      call_(std::move(call)),
      args_(std::move(args)),
      done_(std::move(done)) {}

void CreateFlow::Start() {
  // What is only checked is neither stored nor answered from the store.
  if (args_.validate_only) call_.request_id.clear();
  if (IsRequestId(call_.request_id)) return LookUp();
  CheckRequest();
}

void CreateFlow::LookUp() {
  context_->with.ledger.Submit(
      [self = shared_from_this()](LedgerTxn& txn) -> Status {
        BERTH_ASSIGN_OR_RETURN(self->answer_, FindAnswer(txn, self->call_));
        return OkStatus();
      },
      [self = shared_from_this()](Status status) {
        self->context_->with.executor.Post(
            [self, status = std::move(status)] { self->LookedUp(status); });
      });
}

void CreateFlow::LookedUp(const Status& status) {
  if (!status.ok()) return Refuse(status);
  if (answer_) return Answer();
  CheckRequest();
}

void CreateFlow::CheckRequest() {
  auto resolved = Resolve(call_, args_, context_->with.types);
  if (!resolved.ok()) return Refuse(std::move(resolved).status());
  spec_ = std::move(resolved->spec);
  default_root_disk_mib_ = resolved->default_root_disk_mib;

  const HypervisorHealth health = context_->with.hypervisor.Health();
  if (!health.connected) return Refuse(HypervisorAway(health));
  emulated_ = health.accel != "kvm";
  CheckBoot();
}

void CreateFlow::CheckBoot() {
  context_->with.storage.CheckBoot(
      spec_, [self = shared_from_this()](StatusOr<ImageInfo> info) { self->BootChecked(info); });
}

void CreateFlow::BootChecked(const StatusOr<ImageInfo>& info) {
  if (!info.ok()) return Refuse(info.status());
  // From here on the size is a number, so that disk and claim stay equal whatever becomes of the
  // image.
  if (spec_.root_disk_mib == 0 && !spec_.boot.image.empty())
    spec_.root_disk_mib = std::max(MibOf(info->virtual_bytes), default_root_disk_mib_);
  Submit();
}

void CreateFlow::Submit() {
  topology_ = context_->TopologyNow();
  context_->with.ledger.Submit(
      [self = shared_from_this()](LedgerTxn& txn) { return self->AdmitOrRefuse(txn); },
      [self = shared_from_this()](Status status) { self->Submitted(std::move(status)); });
}

Status CreateFlow::AdmitOrRefuse(LedgerTxn& txn) {
  // Once more: the same call may have been answered since.
  BERTH_ASSIGN_OR_RETURN(answer_, FindAnswer(txn, call_));
  if (answer_) return OkStatus();
  BERTH_RETURN_IF_ERROR(CheckFence(txn.view(), call_));
  Random& random = context_->with.random;
  AdmissionRequest request{args_.instance_id.empty() ? NewInstanceId(random) : args_.instance_id,
                           spec_, emulated_};
  BERTH_ASSIGN_OR_RETURN(request.id_was_used, txn.WasErased(request.instance_id));
  const AdmissionIds ids{NewOperationId(random), NewClaimId(random), NewClaimId(random)};
  BERTH_ASSIGN_OR_RETURN(
      Admission admission,
      Admit(txn.view(), context_->book->RoomAt(txn.view(), topology_), request, ids, txn.now()));
  answer_ = admission.record;
  if (args_.validate_only) return OkStatus();

  admission.operation.principal = call_.principal;
  admission.operation.request_id = call_.request_id;
  txn.RaiseControlEpoch(call_.control_epoch);
  txn.PutClaim(std::move(admission.run_claim));
  txn.PutClaim(std::move(admission.disk_claim));
  txn.PutOperation(std::move(admission.operation));
  txn.PutInstance(std::move(admission.record));
  answer_ = *txn.view().instances.Find(request.instance_id);
  KeepAnswer(txn, call_, *answer_);
  return OkStatus();
}

void CreateFlow::Submitted(Status status) {
  if (!status.ok()) return Refuse(std::move(status));
  if (!args_.validate_only) context_->with.instances.Wake(answer_->id);
  Answer();
}

void CreateFlow::Refuse(Status status) {
  context_->Refuse<model::InstanceRecord>(std::move(done_), std::move(status));
}

void CreateFlow::Answer() {
  if (args_.validate_only) {
    // As it would be, without what only a real one has.
    model::InstanceRecord would_be;
    would_be.id = args_.instance_id;
    would_be.spec = std::move(answer_->spec);
    answer_ = std::move(would_be);
  }
  context_->Answer<model::InstanceRecord>(std::move(done_), std::move(*answer_));
}

}  // namespace berth::node
