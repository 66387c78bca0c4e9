// SPDX-License-Identifier: Apache-2.0
#include "agent/node/retention.h"
#include "core/base/probe.h"

#include <algorithm>
#include <utility>

namespace berth::node {
namespace {

constexpr size_t kErasedPerTransaction = 256;

bool IsOver(const model::InstanceRecord& record, Duration visible, WallTime now) {
  return record.state == model::InstanceState::kTerminated && record.terminated &&
         *record.terminated + visible <= now && record.run_claim_id.empty() &&
         record.disk_claim_id.empty();
}

bool IsOver(const model::Operation& operation, const model::NodeView& view, Duration visible,
            WallTime now) {
  if (!operation.final() || !operation.ended || *operation.ended + visible > now) return false;
  const auto record = view.instances.Find(operation.target);
  const auto image = view.images.Find(operation.target);
  return (record == nullptr || record->operation_id != operation.id) &&
         (image == nullptr || image->operation_id != operation.id);
}

// Looked often enough that nothing stays much longer than it should.
Duration IntervalFor(const RetentionPolicy& policy) {
  return std::clamp<Duration>(policy.terminated_visible / 10, std::chrono::seconds(1),
                              std::chrono::minutes(1));
}

}  // namespace

Expired FindExpired(const model::NodeView& view, const RetentionPolicy& policy, WallTime now,
                    size_t limit) {
  Expired expired;
  view.instances.ForEach([&](const std::string& id, const auto& record) {
    if (expired.instances.size() < limit && IsOver(*record, policy.terminated_visible, now))
      expired.instances.push_back(id);
  });
  view.operations.ForEach([&](const std::string& id, const auto& operation) {
    if (expired.operations.size() < limit &&
        IsOver(*operation, view, policy.operations_visible, now))
      expired.operations.push_back(id);
  });
  view.reservations.ForEach([&](const std::string& id, const auto& reservation) {
    if (expired.reservations.size() < limit && reservation->ended &&
        *reservation->ended + policy.terminated_visible <= now)
      expired.reservations.push_back(id);
  });
  view.images.ForEach([&](const std::string& id, const auto& image) {
    if (expired.images.size() < limit && image->state == model::ImageState::kFailed &&
        image->ended && *image->ended + policy.terminated_visible <= now)
      expired.images.push_back(id);
  });
  return expired;
}

Retention::Retention(ContextPtr context)
    : context_(std::move(context)),
      policy_{context_->with.terminated_visible, context_->with.operations_visible},
      interval_(IntervalFor(policy_)) {}

void Retention::Start() { Arm(); }

void Retention::Arm() {
  context_->with.executor.PostAfter(interval_, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->Look();
  });
}

void Retention::Look() {
  const WallTime now = context_->with.clock.WallNow();
  if (FindExpired(*context_->with.ledger.View(), policy_, now, 1).empty()) return Arm();
  context_->with.ledger.Submit(
      [policy = policy_, now](LedgerTxn& txn) {
        const Expired expired = FindExpired(txn.view(), policy, now, kErasedPerTransaction);
        if (!expired.instances.empty()) BERTH_PROBE("a record is erased an hour after its end");
        for (const std::string& id : expired.instances) txn.EraseInstance(id);
        for (const std::string& id : expired.operations) txn.EraseOperation(id);
        for (const std::string& id : expired.reservations) txn.EraseReservation(id);
        for (const std::string& id : expired.images) txn.EraseImage(id);
        return OkStatus();
      },
      // A refusal of the ledger is no matter: the next look finds the same.
      [weak = weak_from_this()](const Status&) {
        if (const auto self = weak.lock()) self->Arm();
      });
}

}  // namespace berth::node
