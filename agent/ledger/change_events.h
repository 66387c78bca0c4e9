// SPDX-License-Identifier: Apache-2.0
// The events that a transaction's changes amount to. Derived here, from what was written, so that
// no use case can forget to tell of what it did. Pure.
//
// What is no change of the ledger (a foreign guest, a condition) is told with LedgerTxn::AddEvent.
#pragma once

#include <vector>

#include "agent/ledger/ledger_txn.h"
#include "core/model/event.h"

namespace berth {

// In the order of `changes`; several of one thing count as one.
std::vector<model::Event> EventsOf(const std::vector<Change>& changes,
                                   const model::NodeView& before, const model::NodeView& after);

}  // namespace berth
