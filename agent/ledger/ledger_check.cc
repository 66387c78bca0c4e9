// SPDX-License-Identifier: Apache-2.0
#include "agent/ledger/ledger_check.h"

#include <fmt/format.h>

#include <optional>

#include "core/model/names.h"

namespace berth {
namespace {

using model::Claim;
using model::ClaimOwner;
using model::NodeView;

// Whoever may hold claims, as far as that matters here.
struct Owner {
  ClaimOwner kind = ClaimOwner::kInstance;
  std::string id;
  std::string run_claim_id;
  std::string disk_claim_id;
  std::string resized_claim_id = "";  // The one that a resize under way will give back.

  bool Names(const std::string& claim_id) const {
    return run_claim_id == claim_id || disk_claim_id == claim_id || resized_claim_id == claim_id;
  }
};

template <typename Record>
std::optional<Owner> OwnerIn(const PersistentMap<Record>& records, ClaimOwner kind,
                             const std::string& id) {
  const auto record = records.Find(id);
  if (record == nullptr) return std::nullopt;
  Owner owner{kind, id, "", record->disk_claim_id};
  if constexpr (requires { record->run_claim_id; }) owner.run_claim_id = record->run_claim_id;
  if constexpr (requires { record->resized_from; })
    if (record->resized_from) owner.resized_claim_id = record->resized_from->run_claim_id;
  return owner;
}

std::optional<Owner> FindOwner(const NodeView& view, ClaimOwner kind, const std::string& id) {
  if (kind == ClaimOwner::kReservation) return OwnerIn(view.reservations, kind, id);
  if (kind == ClaimOwner::kImage) return OwnerIn(view.images, kind, id);
  return OwnerIn(view.instances, kind, id);
}

// What is wrong, or "".
std::string FaultOfClaim(const Claim& claim, const NodeView& view) {
  const model::Resources& held = claim.held;
  if (held.vcpus < 0 || held.memory_mib < 0 || held.disk_mib < 0 || claim.overhead_mib < 0 ||
      claim.overhead_mib > held.memory_mib)
    return fmt::format("claim {} holds an impossible amount", claim.id);
  const auto owner = FindOwner(view, claim.owner, claim.owner_id);
  if (!owner)
    return fmt::format("claim {} belongs to {} {}, which is not there", claim.id,
                       model::Name(claim.owner), claim.owner_id);
  if (!owner->Names(claim.id))
    return fmt::format("claim {} belongs to {} {}, which does not name it", claim.id,
                       model::Name(claim.owner), claim.owner_id);
  return "";
}

std::string FaultOfOwner(const Owner& owner, const NodeView& view) {
  for (const std::string& id : {owner.run_claim_id, owner.disk_claim_id, owner.resized_claim_id}) {
    if (id.empty()) continue;
    const auto claim = view.claims.Find(id);
    if (claim == nullptr || claim->owner != owner.kind || claim->owner_id != owner.id)
      return fmt::format("{} {} names claim {}, which is not there or not its own",
                         model::Name(owner.kind), owner.id, id);
  }
  return "";
}

// An owner that was changed or erased may have left a claim behind that nobody names any more.
std::string FaultOfLeftClaims(const Owner& before, const NodeView& after) {
  for (const std::string& id :
       {before.run_claim_id, before.disk_claim_id, before.resized_claim_id}) {
    if (id.empty()) continue;
    const auto claim = after.claims.Find(id);
    if (claim == nullptr) continue;
    if (std::string fault = FaultOfClaim(*claim, after); !fault.empty()) return fault;
  }
  return "";
}

std::string FaultOfClaimChange(const Change& change, const NodeView& before,
                               const NodeView& after) {
  const auto claim = after.claims.Find(change.id);
  if (claim != nullptr) return FaultOfClaim(*claim, after);
  // Erased: its owner must not name it any more.
  const auto was = before.claims.Find(change.id);
  if (was == nullptr) return "";
  const auto owner = FindOwner(after, was->owner, was->owner_id);
  return owner ? FaultOfOwner(*owner, after) : "";
}

std::string FaultOfOwnerChange(ClaimOwner kind, const std::string& id, const NodeView& before,
                               const NodeView& after) {
  if (const auto was = FindOwner(before, kind, id))
    if (std::string fault = FaultOfLeftClaims(*was, after); !fault.empty()) return fault;
  const auto owner = FindOwner(after, kind, id);
  return owner ? FaultOfOwner(*owner, after) : "";
}

std::string FaultOfChange(const Change& change, const NodeView& before, const NodeView& after) {
  switch (change.kind) {
    case Change::Kind::kClaim:
      return FaultOfClaimChange(change, before, after);
    case Change::Kind::kInstance:
      return FaultOfOwnerChange(ClaimOwner::kInstance, change.id, before, after);
    case Change::Kind::kReservation:
      return FaultOfOwnerChange(ClaimOwner::kReservation, change.id, before, after);
    case Change::Kind::kImage:
      return FaultOfOwnerChange(ClaimOwner::kImage, change.id, before, after);
    case Change::Kind::kOperation:
    case Change::Kind::kNode:
      break;
  }
  return "";
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
  const auto check_owner = [&](ClaimOwner kind, const std::string& id) {
    if (fault.empty()) fault = FaultOfOwner(*FindOwner(view, kind, id), view);
  };
  view.instances.ForEach(
      [&](const std::string& id, const auto&) { check_owner(ClaimOwner::kInstance, id); });
  view.reservations.ForEach(
      [&](const std::string& id, const auto&) { check_owner(ClaimOwner::kReservation, id); });
  if (fault.empty()) return OkStatus();
  return absl::DataLossError(fmt::format("the ledger contradicts itself: {}", fault));
}

}  // namespace berth
