// SPDX-License-Identifier: Apache-2.0
#include "agent/ledger/next_ledger.h"

#include <fmt/format.h>

#include <filesystem>

#include "agent/ledger/ledger_file.h"
#include "agent/ledger/load_view.h"
#include "agent/ledger/record_tables.h"
#include "agent/ledger/schema.h"
#include "agent/ledger/sqlite_database.h"
#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth {
namespace {

namespace fs = std::filesystem;

std::string NextPath(const std::string& path) { return path + ".next"; }

Status FileError(const std::string& doing, const std::error_code& error) {
  return MakeError(StatusCode::kUnavailable, reasons::kLedgerUnavailable,
                   fmt::format("{}: {}", doing, error.message()));
}

Status CheckRows(Database& database) {
  BERTH_ASSIGN_OR_RETURN(const int64_t version, database.QueryInt("PRAGMA user_version"));
  // An older one is brought up when it is opened.
  if (version < static_cast<int64_t>(Migrations().size())) return OkStatus();
  BERTH_ASSIGN_OR_RETURN(RecordTables records, RecordTables::Open(database));
  return LoadView(database, records).status();
}

Status CheckNodeOf(Database& database, const std::string& node_id) {
  BERTH_ASSIGN_OR_RETURN(const std::string of,
                         database.QueryText("SELECT value FROM meta WHERE key = 'node_id'"));
  if (of == node_id) return OkStatus();
  return MakeError(StatusCode::kFailedPrecondition, reasons::kLedgerForeign,
                   fmt::format("it is of node {}, and this is node {}", of, node_id));
}

// The copy is ours alone here, and nobody reads it yet.
Status Prepare(const std::string& file, const std::string& node_id) {
  BERTH_ASSIGN_OR_RETURN(Database database, Database::Open(file, ""));
  BERTH_RETURN_IF_ERROR(CheckVersion(database, file, Migrations()));
  BERTH_RETURN_IF_ERROR(CheckIntegrity(database));
  BERTH_RETURN_IF_ERROR(CheckNodeOf(database, node_id));
  BERTH_RETURN_IF_ERROR(CheckRows(database));
  // Its revisions will be other changes than those that the ledger went on to from here.
  return database.Execute("DELETE FROM meta WHERE key = 'ledger_id'");
}

// To read the live file by other means than its one connection would drop its locks.
Status CheckName(const std::string& path, const std::string& copy) {
  std::error_code error;
  if (fs::equivalent(path, copy, error))
    return InvalidField("path", "this is the ledger itself; name a copy of it");
  if (fs::is_regular_file(copy, error) && fs::file_size(copy, error) > 0) return OkStatus();
  return Status(StatusCode::kNotFound, fmt::format("{} is no file with a ledger in it", copy));
}

Status CopyAndPrepare(const std::string& copy, const std::string& file,
                      const std::string& node_id) {
  std::error_code error;
  if (!fs::copy_file(copy, file, fs::copy_options::overwrite_existing, error))
    return FileError("copying " + copy, error);
  return Prepare(file, node_id);
}

Status MoveAside(const std::string& path, const std::string& kept) {
  // What is in the log is of this file alone: it goes first, or the next one would be given it.
  for (const char* part : {"-wal", "-shm", "-journal", ""}) {
    std::error_code error;
    if (!fs::exists(path + part, error)) continue;
    fs::rename(path + part, kept + part, error);
    if (error) return FileError("moving " + path + part + " aside", error);
  }
  return OkStatus();
}

}  // namespace

Status PutNewLedger(const std::string& path) {
  const std::string file = NextPath(path) + ".partial";
  BERTH_RETURN_IF_ERROR(MakeEmptyFile(file));
  return SyncAndRename(file, NextPath(path));
}

Status PutCopyOfLedger(const std::string& path, const std::string& copy,
                       const std::string& node_id) {
  BERTH_RETURN_IF_ERROR(CheckName(path, copy));
  const std::string file = NextPath(path) + ".partial";
  BERTH_RETURN_IF_ERROR(MakeEmptyFile(file));
  const Status prepared = CopyAndPrepare(copy, file, node_id);
  if (prepared.ok()) return SyncAndRename(file, NextPath(path));
  std::error_code ignored;
  fs::remove(file, ignored);
  if (prepared.code() == StatusCode::kDataLoss)  // Of the copy, not of ours.
    return InvalidField("path", fmt::format("{} is damaged, or no ledger: {}", copy,
                                            std::string(prepared.message())));
  return Annotate(prepared, copy + " cannot be restored");
}

StatusOr<std::string> TakeNextLedger(const std::string& path, WallTime now) {
  std::error_code error;
  if (!fs::exists(NextPath(path), error)) return std::string();
  const std::string kept = fmt::format("{}.replaced-{}", path, now.time_since_epoch().count());
  BERTH_RETURN_IF_ERROR(MoveAside(path, kept));
  BERTH_RETURN_IF_ERROR(SyncAndRename(NextPath(path), path));
  return kept;
}

}  // namespace berth
