// SPDX-License-Identifier: Apache-2.0
// The log of events. An instance's own are kept as long as its record, at most kEventsPerInstance
// of them; the others as long as changes are (retention.h).
//
// Not thread-safe; used on the ledger's executor.
#pragma once

#include <vector>

#include "agent/ledger/ledger_txn.h"
#include "agent/ledger/sqlite_database.h"

namespace berth {

class EventTable {
 public:
  static StatusOr<EventTable> Open(Database& database);

  // `of_instance`: its subject is an instance that has a record.
  Status Add(const model::Event& event, bool of_instance);
  // Those of an instance whose record goes.
  Status Erase(const std::string& subject);
  // Erases some of the rows that are no longer kept.
  Status Trim(int64_t newest_revision, WallTime now);
  StatusOr<std::vector<model::Event>> Find(const EventQuery& query);

 private:
  EventTable() = default;

  Statement add_, cap_, erase_, trim_, find_all_, find_of_one_;
};

}  // namespace berth
