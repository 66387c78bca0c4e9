// SPDX-License-Identifier: Apache-2.0
// Calls that succeeded, with their answers, so that a repeat gets the same one (retention.h says
// for how long).
//
// Not thread-safe; used on the ledger's executor.
#pragma once

#include <optional>
#include <string>

#include "agent/ledger/ledger_txn.h"
#include "agent/ledger/sqlite_database.h"

namespace berth {

class RequestTable {
 public:
  static StatusOr<RequestTable> Open(Database& database);

  // Not one whose time has run out, whether it is still there or not.
  StatusOr<std::optional<StoredRequest>> Find(const RequestKey& key, WallTime now);
  Status Save(const StoredRequest& request);
  // The instance has been erased: its requests' time begins to run.
  Status BeginExpiry(const std::string& instance_id, WallTime now);
  // Erases some of those whose time has run out; few enough not to be felt in a commit.
  Status Trim(WallTime now);

 private:
  RequestTable() = default;

  Statement find_, save_, begin_expiry_, trim_;
};

}  // namespace berth
