// SPDX-License-Identifier: Apache-2.0
// Whether a picture of the ledger agrees with itself: each claim is held by an instance or a held
// reservation that names it, each claim that one names is there, and no amount is negative. Checked
// before a transaction is written and again when a file is read. Pure functions; thread-safe.
#pragma once

#include "agent/ledger/ledger_txn.h"
#include "core/base/status.h"
#include "core/model/node_view.h"

namespace berth {

// INTERNAL, naming the row, if what `writes` has changed does not fit the rest of `after`. Costs
// what was changed, not what exists.
Status CheckWrites(const WriteSet& writes, const model::NodeView& before,
                   const model::NodeView& after);

// DATA_LOSS, naming the row, if anything in `view` does not fit.
Status CheckView(const model::NodeView& view);

}  // namespace berth
