// SPDX-License-Identifier: Apache-2.0
#include "agent/instance/apply_decision.h"

namespace berth {

void ApplyDecision(LedgerTxn& txn, const Decision& decision) {
  if (!decision.changed) return;
  for (const std::string& claim : decision.release) txn.EraseClaim(claim);
  if (decision.superseded) txn.PutOperation(*decision.superseded);
  if (decision.operation) txn.PutOperation(*decision.operation);
  txn.PutInstance(decision.record);
}

}  // namespace berth
