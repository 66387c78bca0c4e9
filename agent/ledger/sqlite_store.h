// SPDX-License-Identifier: Apache-2.0
// Makes transactions durable in an SQLite file: a SAVEPOINT each, inside one COMMIT for all.
//
// A commit appends to the WAL and syncs it: one fdatasync. Moving the WAL into the file (a
// checkpoint) is left to Tidy, after the callers have their answers; the WAL is then used again
// from its beginning, so that in the long run commits do not grow any file, which makes their sync
// cheaper.
//
// Not thread-safe; used on the ledger's executor.
#pragma once

#include <memory>

#include "agent/ledger/change_table.h"
#include "agent/ledger/event_table.h"
#include "agent/ledger/ledger_store.h"
#include "agent/ledger/record_tables.h"
#include "agent/ledger/request_table.h"
#include "agent/ledger/sqlite_database.h"
#include "core/base/clock.h"
#include "core/base/unique_fd.h"

namespace berth {

class SqliteStore final : public LedgerStore {
 public:
  // A migrated database, and the lock on it, which is given back after the database is closed.
  // `clock` outlives this.
  static StatusOr<std::unique_ptr<SqliteStore>> Open(Database database, UniqueFd lock,
                                                     const Clock& clock);

  StatusOr<std::optional<StoredRequest>> FindRequest(const RequestKey& key) override;
  StatusOr<bool> WasErased(const std::string& id) override;
  StatusOr<KeptChanges> FindChanges(const ChangeQuery& query) override;
  StatusOr<std::vector<model::Event>> FindEvents(const EventQuery& query) override;
  Status Add(const WriteSet& writes, const model::NodeView& after) override;
  bool CommitOpen() const override { return database_.InTransaction(); }
  CommitOutcome Commit() override;
  Status Check() override;
  Status CopyTo(const std::string& path) override;
  void Tidy(const model::NodeView& view) override;

  Database& database() { return database_; }
  RecordTables& records() { return records_; }

 private:
  SqliteStore(Database database, UniqueFd lock, const Clock& clock, RecordTables records,
              RequestTable requests, ChangeTable changes, EventTable events);

  Status Begin(const model::NodeView& view);
  Status Write(const WriteSet& writes, const model::NodeView& after);
  Status WriteChanges(const std::vector<Change>& changes, const model::NodeView& after);
  Status WriteEvents(const std::vector<model::Event>& events, const model::NodeView& after);
  void TrimIfDue(const model::NodeView& view);

  UniqueFd lock_;  // Before database_: destroyed after it.
  Database database_;
  const Clock& clock_;
  RecordTables records_;
  RequestTable requests_;
  ChangeTable changes_;
  EventTable events_;
  int next_checkpoint_;  // WAL pages at which the next one is due.
  int64_t next_trim_revision_ = 0;
  SteadyTime next_trim_time_{};
};

}  // namespace berth
