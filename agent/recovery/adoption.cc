// SPDX-License-Identifier: Apache-2.0
#include "agent/recovery/adoption.h"

#include <fmt/format.h>

#include <memory>
#include <set>
#include <utility>

#include "agent/instance/guest_record.h"
#include "core/base/ids.h"
#include "core/model/state_reasons.h"

namespace berth::recovery {
namespace {

using model::InstanceRecord;
using model::InstanceState;

StatusOr<InstanceRecord> RecordOf(const GuestState& guest) {
  auto record = ReadGuestRecord(guest.record_json);
  if (!record.ok())
    return absl::DataLossError(
        fmt::format("guest {}: {}", guest.instance_id, std::string(record.status().message())));
  if (record->id != guest.instance_id || record->generation != guest.generation)
    return absl::DataLossError(fmt::format("guest {}: its metadata is of {}, generation {}",
                                           guest.instance_id, record->id, record->generation));
  return record;
}

void SetState(InstanceRecord& record, const GuestState& guest, const LedgerTxn& txn) {
  const bool running = guest.power != Power::kOff;
  record.intent = running ? model::Intent::kRunning : model::Intent::kStopped;
  record.state = running ? InstanceState::kRunning : InstanceState::kStopped;
  if (!running)
    record.state_reason = {state_reasons::kShutdownUnexplained,
                           "found off when its record was made anew; nothing proves why"};
  record.observed_generation = record.generation;
  record.state_time = record.observed_time = txn.now();
  if (!running) return;
  record.boot_id = txn.view().identity.boot_id;
  record.accel = guest.accel;
  record.guest_pid = guest.pid;
}

void PutClaim(LedgerTxn& txn, const InstanceRecord& record, std::string id, model::Claim claim) {
  claim.id = std::move(id);
  claim.owner_id = record.id;
  claim.created = txn.now();
  txn.PutClaim(std::move(claim));
}

void Claim(LedgerTxn& txn, InstanceRecord& record, Random& random) {
  record.disk_claim_id = NewClaimId(random);
  PutClaim(txn, record, record.disk_claim_id, {.held = {.disk_mib = record.claimed_disk_mib}});
  if (record.state == InstanceState::kRunning || record.spec.shape.reserve_when_stopped) {
    record.run_claim_id = NewClaimId(random);
    PutClaim(txn, record, record.run_claim_id,
             {.held = model::HeldToRun(record.placement, record.overhead_mib),
              .overhead_mib = record.overhead_mib,
              .tenant_id = record.spec.tenant_id,
              .core_sharing = record.spec.shape.core_sharing,
              .placement = record.placement});
    return;
  }
  record.placement = {};
  record.overhead_mib = 0;
}

void LetGo(LedgerTxn& txn, const InstanceRecord* outdated) {
  if (outdated == nullptr) return;
  txn.EraseClaim(outdated->run_claim_id);
  txn.EraseClaim(outdated->disk_claim_id);
}

Status AdoptOne(LedgerTxn& txn, const GuestState& guest, Random& random, Adoption* out) {
  const auto outdated = txn.view().instances.Find(guest.instance_id);
  BERTH_ASSIGN_OR_RETURN(const bool erased, txn.WasErased(guest.instance_id));
  if (erased) {
    out->left_over.push_back(guest.instance_id);
    return OkStatus();
  }
  auto record = RecordOf(guest);
  if (!record.ok()) {
    out->refused.push_back(record.status());
    return OkStatus();
  }
  LetGo(txn, outdated.get());
  SetState(*record, guest, txn);
  Claim(txn, *record, random);
  out->adopted.push_back(record->id);
  txn.PutInstance(*std::move(record));
  return OkStatus();
}

bool SaysSo(const InstanceRecord& record, const GuestState& guest) {
  return (record.state == InstanceState::kRunning) == (guest.power != Power::kOff);
}

std::vector<std::shared_ptr<const InstanceRecord>> RecordsWithout(
    const model::NodeView& view, const std::set<std::string>& guests) {
  std::vector<std::shared_ptr<const InstanceRecord>> found;
  view.instances.ForEach([&](const std::string& id, const auto& record) {
    if (!guests.contains(id)) found.push_back(record);
  });
  return found;
}

}  // namespace

Status Adopt(LedgerTxn& txn, const std::vector<GuestState>& guests, Random& random, Adoption* out) {
  for (const GuestState& guest : guests) {
    const auto record = txn.view().instances.Find(guest.instance_id);
    if (record == nullptr || record->generation < guest.generation)
      BERTH_RETURN_IF_ERROR(AdoptOne(txn, guest, random, out));
  }
  return OkStatus();
}

Status Mirror(LedgerTxn& txn, const std::vector<GuestState>& guests, Random& random,
              Adoption* out) {
  std::set<std::string> there;
  for (const GuestState& guest : guests) {
    there.insert(guest.instance_id);
    const auto record = txn.view().instances.Find(guest.instance_id);
    if (record == nullptr || record->generation != guest.generation || !SaysSo(*record, guest))
      BERTH_RETURN_IF_ERROR(AdoptOne(txn, guest, random, out));
  }
  for (const auto& record : RecordsWithout(txn.view(), there)) {
    LetGo(txn, record.get());
    txn.EraseInstance(record->id);
  }
  return OkStatus();
}

}  // namespace berth::recovery
