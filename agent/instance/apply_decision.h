// SPDX-License-Identifier: Apache-2.0
// Writes a decision into the ledger, claims included.
#pragma once

#include "agent/instance/lifecycle.h"
#include "agent/ledger/ledger_txn.h"

namespace berth {

// Writes record and operations and gives back the claims that the decision releases. A claim to be
// acquired is the caller's: it is put, and its id set in `decision.record`, before. Nothing is
// written if nothing changed.
void ApplyDecision(LedgerTxn& txn, const Decision& decision);

}  // namespace berth
