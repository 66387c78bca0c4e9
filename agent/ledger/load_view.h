// SPDX-License-Identifier: Apache-2.0
// Reads a whole ledger into its first view. Not thread-safe.
#pragma once

#include "agent/ledger/record_tables.h"
#include "agent/ledger/sqlite_database.h"
#include "core/model/node_view.h"

namespace berth {

// DATA_LOSS, naming the row and the field, for one that does not decode, carries another id than
// its key, or contradicts another row.
StatusOr<model::NodeView> LoadView(Database& database, RecordTables& records);

}  // namespace berth
