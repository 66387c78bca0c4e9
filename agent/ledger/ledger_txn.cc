// SPDX-License-Identifier: Apache-2.0
#include "agent/ledger/ledger_txn.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

#include "core/base/check.h"

namespace berth {

template <typename V>
LedgerTxn::What LedgerTxn::PutOf(const PersistentMap<V>& map, const std::string& id) {
  return map.Find(id) == nullptr ? What::kCreated : What::kChanged;
}

void LedgerTxn::PutInstance(model::InstanceRecord record) {
  BERTH_CHECK(!record.id.empty(), "an instance without an id");
  const std::string id = record.id;
  Record(Change::Kind::kInstance, id, PutOf(working_.instances, id));
  record.revision = working_.revision;
  working_.instances.Put(id, std::make_shared<const model::InstanceRecord>(std::move(record)));
}

void LedgerTxn::EraseInstance(const std::string& id) {
  if (!working_.instances.Erase(id)) return;
  Record(Change::Kind::kInstance, id, What::kErased);
  writes_.forgotten.push_back(id);
}

void LedgerTxn::PutOperation(model::Operation operation) {
  BERTH_CHECK(!operation.id.empty(), "an operation without an id");
  const std::string id = operation.id;
  Record(Change::Kind::kOperation, id, PutOf(working_.operations, id));
  working_.operations.Put(id, std::make_shared<const model::Operation>(std::move(operation)));
}

void LedgerTxn::EraseOperation(const std::string& id) {
  if (working_.operations.Erase(id)) Record(Change::Kind::kOperation, id, What::kErased);
}

void LedgerTxn::PutReservation(model::Reservation reservation) {
  BERTH_CHECK(!reservation.id.empty(), "a reservation without an id");
  const std::string id = reservation.id;
  Record(Change::Kind::kReservation, id, PutOf(working_.reservations, id));
  reservation.revision = working_.revision;
  working_.reservations.Put(id, std::make_shared<const model::Reservation>(std::move(reservation)));
}

void LedgerTxn::EraseReservation(const std::string& id) {
  if (!working_.reservations.Erase(id)) return;
  Record(Change::Kind::kReservation, id, What::kErased);
  writes_.forgotten.push_back(id);
}

void LedgerTxn::PutImage(model::Image image) {
  BERTH_CHECK(!image.id.empty(), "an image without an id");
  const std::string id = image.id;
  Record(Change::Kind::kImage, id, PutOf(working_.images, id));
  image.revision = working_.revision;
  working_.images.Put(id, std::make_shared<const model::Image>(std::move(image)));
}

void LedgerTxn::EraseImage(const std::string& id) {
  if (!working_.images.Erase(id)) return;
  Record(Change::Kind::kImage, id, What::kErased);
  writes_.forgotten.push_back(id);
}

void LedgerTxn::PutClaim(model::Claim claim) {
  BERTH_CHECK(!claim.id.empty(), "a claim without an id");
  const std::string id = claim.id;
  Record(Change::Kind::kClaim, id, PutOf(working_.claims, id));
  if (const auto before = working_.claims.Find(id)) working_.allocated -= before->held;
  working_.allocated += claim.held;
  working_.claims.Put(id, std::make_shared<const model::Claim>(std::move(claim)));
}

void LedgerTxn::EraseClaim(const std::string& id) {
  const auto before = working_.claims.Find(id);
  if (before == nullptr) return;
  working_.allocated -= before->held;
  working_.claims.Erase(id);
  Record(Change::Kind::kClaim, id, What::kErased);
}

void LedgerTxn::RaiseControlEpoch(int64_t epoch) {
  if (epoch <= working_.control_epoch) return;
  working_.control_epoch = epoch;
  Record(Change::Kind::kNode, "", What::kChanged);
}

void LedgerTxn::SetCordoned(bool cordoned) {
  if (cordoned == working_.cordoned) return;
  working_.cordoned = cordoned;
  Record(Change::Kind::kNode, "", What::kChanged);
}

StatusOr<std::optional<StoredRequest>> LedgerTxn::FindRequest(const RequestKey& key) {
  const auto& own = writes_.requests;
  const auto it = std::find_if(own.begin(), own.end(),
                               [&](const StoredRequest& request) { return request.key == key; });
  if (it != own.end()) return std::optional(*it);
  return lookup_.FindRequest(key);
}

StatusOr<bool> LedgerTxn::WasErased(const std::string& id) {
  const auto& own = writes_.forgotten;
  if (std::find(own.begin(), own.end(), id) != own.end()) return true;
  return lookup_.WasErased(id);
}

void LedgerTxn::SaveRequest(StoredRequest request) {
  BERTH_CHECK(!request.key.request_id.empty(), "a request without an id cannot be repeated");
  writes_.requests.push_back(std::move(request));
}

void LedgerTxn::Record(Change::Kind kind, const std::string& id, What what) {
  ++working_.revision;
  writes_.changes.push_back(
      {working_.revision, kind, id, what == What::kCreated, what == What::kErased, now_});
}

void LedgerTxn::AddEvent(model::Event event) {
  event.time = now_;
  event.revision = working_.revision;
  writes_.events.push_back(std::move(event));
}

std::vector<Change> LastOfEach(const std::vector<Change>& changes) {
  std::map<std::pair<Change::Kind, std::string_view>, Change> last;
  for (const Change& change : changes) {
    Change& kept = last[{change.kind, change.id}];
    const bool created = kept.created || change.created;
    kept = change;
    kept.created = created;
  }
  std::vector<Change> in_order;
  for (auto& [key, change] : last) in_order.push_back(change);
  std::sort(in_order.begin(), in_order.end(),
            [](const Change& a, const Change& b) { return a.revision < b.revision; });
  return in_order;
}

std::vector<InstanceChange> ChangesOf(const WriteSet& writes, const model::NodeView& after) {
  std::vector<InstanceChange> changes;
  for (const Change& change : LastOfEach(writes.changes))
    if (change.kind == Change::Kind::kInstance)
      changes.push_back({change.revision, change.id, change.created,
                         change.erased ? nullptr : after.instances.Find(change.id)});
  return changes;
}

}  // namespace berth
