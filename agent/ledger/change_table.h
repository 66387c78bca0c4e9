// SPDX-License-Identifier: Apache-2.0
// What changed, in order, for watches that resume (retention.h says how far back).
//
// Not thread-safe; used on the ledger's executor.
#pragma once

#include <optional>
#include <string>

#include "agent/ledger/ledger_txn.h"
#include "agent/ledger/sqlite_database.h"

namespace berth {

class ChangeTable {
 public:
  static StatusOr<ChangeTable> Open(Database& database);

  // `json` is the value after the change; nullopt if it was erased.
  Status Add(const Change& change, const std::optional<std::string>& json);
  StatusOr<KeptChanges> Find(const ChangeQuery& query);
  // Erases some of the rows that are no longer kept; few enough not to be felt in a commit.
  Status Trim(int64_t newest_revision, WallTime now);

 private:
  ChangeTable() = default;

  Statement add_, trim_, find_, oldest_;
};

}  // namespace berth
