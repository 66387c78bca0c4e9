// SPDX-License-Identifier: Apache-2.0
#include "agent/instance/apply_decision.h"

namespace berth {

void ApplyDecision(LedgerTxn& txn, const Decision& decision) {
  if (!decision.changed) return;
  model::InstanceRecord record = decision.record;
  if (decision.release_run_claim) {
    txn.EraseClaim(record.run_claim_id);
    record.run_claim_id.clear();
    record.placement = {};
    record.overhead_mib = 0;
  }
  if (decision.release_disk_claim) {
    txn.EraseClaim(record.disk_claim_id);
    record.disk_claim_id.clear();
    record.claimed_disk_mib = 0;
  }
  if (decision.superseded) txn.PutOperation(*decision.superseded);
  if (decision.operation) txn.PutOperation(*decision.operation);
  txn.PutInstance(std::move(record));
}

}  // namespace berth
