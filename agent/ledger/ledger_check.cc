// SPDX-License-Identifier: Apache-2.0
#include "agent/ledger/ledger_check.h"

#include <fmt/format.h>

namespace berth {
namespace {

using model::Claim;
using model::InstanceRecord;
using model::NodeView;

// What is wrong, or "".
std::string FaultOfClaim(const Claim& claim, const NodeView& view) {
  const model::Resources& held = claim.held;
  if (held.vcpus < 0 || held.memory_mib < 0 || held.disk_mib < 0 || claim.overhead_mib < 0 ||
      claim.overhead_mib > held.memory_mib)
    return fmt::format("claim {} holds an impossible amount", claim.id);
  const auto owner = view.instances.Find(claim.owner_id);
  if (owner == nullptr)
    return fmt::format("claim {} belongs to instance {}, which is not there", claim.id,
                       claim.owner_id);
  if (owner->run_claim_id != claim.id && owner->disk_claim_id != claim.id)
    return fmt::format("claim {} belongs to instance {}, which does not name it", claim.id,
                       claim.owner_id);
  return "";
}

std::string FaultOfInstance(const InstanceRecord& record, const NodeView& view) {
  for (const std::string& id : {record.run_claim_id, record.disk_claim_id}) {
    if (id.empty()) continue;
    const auto claim = view.claims.Find(id);
    if (claim == nullptr || claim->owner_id != record.id)
      return fmt::format("instance {} names claim {}, which is not there or not its own", record.id,
                         id);
  }
  return "";
}

// An instance that was changed or erased may have left a claim behind that nobody names any more.
std::string FaultOfLeftClaims(const InstanceRecord& before, const NodeView& after) {
  for (const std::string& id : {before.run_claim_id, before.disk_claim_id}) {
    if (id.empty()) continue;
    const auto claim = after.claims.Find(id);
    if (claim == nullptr) continue;
    if (std::string fault = FaultOfClaim(*claim, after); !fault.empty()) return fault;
  }
  return "";
}

std::string FaultOfChange(const Change& change, const NodeView& before, const NodeView& after) {
  if (change.kind == Change::Kind::kClaim) {
    const auto claim = after.claims.Find(change.id);
    if (claim != nullptr) return FaultOfClaim(*claim, after);
    // Erased: its owner must not name it any more.
    const auto was = before.claims.Find(change.id);
    const auto owner = was == nullptr ? nullptr : after.instances.Find(was->owner_id);
    return owner == nullptr ? "" : FaultOfInstance(*owner, after);
  }
  if (change.kind != Change::Kind::kInstance) return "";
  if (const auto was = before.instances.Find(change.id))
    if (std::string fault = FaultOfLeftClaims(*was, after); !fault.empty()) return fault;
  const auto record = after.instances.Find(change.id);
  return record == nullptr ? "" : FaultOfInstance(*record, after);
}

}  // namespace

Status CheckWrites(const WriteSet& writes, const NodeView& before, const NodeView& after) {
  for (const Change& change : writes.changes)
    if (const std::string fault = FaultOfChange(change, before, after); !fault.empty())
      return absl::InternalError(fmt::format("a transaction would break the ledger: {}", fault));
  return OkStatus();
}

Status CheckView(const NodeView& view) {
  std::string fault;
  view.claims.ForEach([&](const std::string&, const auto& claim) {
    if (fault.empty()) fault = FaultOfClaim(*claim, view);
  });
  view.instances.ForEach([&](const std::string&, const auto& record) {
    if (fault.empty()) fault = FaultOfInstance(*record, view);
  });
  if (fault.empty()) return OkStatus();
  return absl::DataLossError(fmt::format("the ledger contradicts itself: {}", fault));
}

}  // namespace berth
