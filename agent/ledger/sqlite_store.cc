// SPDX-License-Identifier: Apache-2.0
#include "agent/ledger/sqlite_store.h"

#include <utility>

#include "agent/ledger/load_view.h"
#include "agent/ledger/schema.h"

namespace berth {
namespace {

// 8 MiB of 4 KiB pages: rare enough that its two syncs are few among those of commits, and little
// to read again after a crash.
constexpr int kCheckpointPages = 2048;
// Trimming shares a commit with what comes; either of these makes it due.
constexpr int64_t kTrimEveryRevisions = 1000;
constexpr std::chrono::minutes kTrimEvery{1};

}  // namespace

SqliteStore::SqliteStore(Database database, UniqueFd lock, const Clock& clock, RecordTables records,
                         RequestTable requests, ChangeTable changes, EventTable events)
    : lock_(std::move(lock)),
      database_(std::move(database)),
      clock_(clock),
      records_(std::move(records)),
      requests_(std::move(requests)),
      changes_(std::move(changes)),
      events_(std::move(events)),
      next_checkpoint_(kCheckpointPages) {}

StatusOr<std::unique_ptr<SqliteStore>> SqliteStore::Open(Database database, UniqueFd lock,
                                                         const Clock& clock) {
  BERTH_ASSIGN_OR_RETURN(RecordTables records, RecordTables::Open(database));
  BERTH_ASSIGN_OR_RETURN(RequestTable requests, RequestTable::Open(database));
  BERTH_ASSIGN_OR_RETURN(ChangeTable changes, ChangeTable::Open(database));
  BERTH_ASSIGN_OR_RETURN(EventTable events, EventTable::Open(database));
  return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(database), std::move(lock), clock,
                                                      std::move(records), std::move(requests),
                                                      std::move(changes), std::move(events)));
}

// Rows of the open commit are seen too: it is the same connection.
StatusOr<std::optional<StoredRequest>> SqliteStore::FindRequest(const RequestKey& key) {
  return requests_.Find(key, clock_.WallNow());
}

StatusOr<bool> SqliteStore::WasErased(const std::string& id) { return records_.IsTombstone(id); }

StatusOr<KeptChanges> SqliteStore::FindChanges(const ChangeQuery& query) {
  return changes_.Find(query);
}

StatusOr<std::vector<model::Event>> SqliteStore::FindEvents(const EventQuery& query) {
  return events_.Find(query);
}

Status SqliteStore::Begin(const model::NodeView& view) {
  BERTH_RETURN_IF_ERROR(database_.Execute("BEGIN IMMEDIATE"));
  TrimIfDue(view);
  return OkStatus();
}

// What cannot be trimmed now is trimmed later: a failure here is not the callers'.
void SqliteStore::TrimIfDue(const model::NodeView& view) {
  const SteadyTime now = clock_.Now();
  if (view.revision < next_trim_revision_ && now < next_trim_time_) return;
  next_trim_revision_ = view.revision + kTrimEveryRevisions;
  next_trim_time_ = now + kTrimEvery;
  requests_.Trim(clock_.WallNow()).IgnoreError();
  changes_.Trim(view.revision, clock_.WallNow()).IgnoreError();
  events_.Trim(view.revision, clock_.WallNow()).IgnoreError();
}

Status SqliteStore::Add(const WriteSet& writes, const model::NodeView& after) {
  if (!CommitOpen()) BERTH_RETURN_IF_ERROR(Begin(after));
  Status written = database_.Execute("SAVEPOINT request");
  if (!written.ok()) return written;
  written = Write(writes, after);
  if (written.ok()) return database_.Execute("RELEASE request");
  // A full disk may have made SQLite roll everything back by itself.
  if (CommitOpen() && !database_.Execute("ROLLBACK TO request; RELEASE request").ok())
    database_.Execute("ROLLBACK").IgnoreError();
  return written;
}

Status SqliteStore::Write(const WriteSet& writes, const model::NodeView& after) {
  BERTH_RETURN_IF_ERROR(WriteChanges(writes.changes, after));
  BERTH_RETURN_IF_ERROR(WriteEvents(writes.events, after));
  for (const StoredRequest& request : writes.requests)
    BERTH_RETURN_IF_ERROR(requests_.Save(request));
  for (const std::string& id : writes.forgotten)
    BERTH_RETURN_IF_ERROR(requests_.BeginExpiry(id, clock_.WallNow()));
  return OkStatus();
}

Status SqliteStore::WriteChanges(const std::vector<Change>& changes, const model::NodeView& after) {
  for (const Change& change : LastOfEach(changes)) {
    BERTH_ASSIGN_OR_RETURN(const auto json, records_.Write(change, after));
    BERTH_RETURN_IF_ERROR(changes_.Add(change, json));
    if (change.kind == Change::Kind::kInstance && change.erased)
      BERTH_RETURN_IF_ERROR(events_.Erase(change.id));
  }
  return OkStatus();
}

Status SqliteStore::WriteEvents(const std::vector<model::Event>& events,
                                const model::NodeView& after) {
  for (const model::Event& event : events)
    BERTH_RETURN_IF_ERROR(events_.Add(event, after.instances.Find(event.subject) != nullptr));
  return OkStatus();
}

CommitOutcome SqliteStore::Commit() {
  Status committed = database_.Execute("COMMIT");
  if (committed.ok()) return {};
  // Of any other error, a failed sync above all, we cannot say what the disk will hold.
  const bool not_written = database_.LastWriteFailed();
  const bool rolled_back = !CommitOpen() || database_.Execute("ROLLBACK").ok();
  next_checkpoint_ = 0;  // Room in the WAL that was moved can be written again.
  return {not_written && rolled_back ? CommitOutcome::Kind::kNothingKept
                                     : CommitOutcome::Kind::kUnknown,
          std::move(committed)};
}

Status SqliteStore::Check() {
  BERTH_RETURN_IF_ERROR(CheckIntegrity(database_));
  return LoadView(database_, records_).status();
}

Status SqliteStore::CopyTo(const std::string& path) { return CopyDatabase(database_, path); }

void SqliteStore::Tidy(const model::NodeView&) {
  const int pages = database_.WalPages();
  if (pages < next_checkpoint_) return;
  const bool done = database_.Checkpoint().ok();
  // A checkpoint that fails (a full disk) leaves the WAL growing: not tried at every commit.
  next_checkpoint_ = done ? kCheckpointPages : pages + kCheckpointPages / 4;
}

}  // namespace berth
