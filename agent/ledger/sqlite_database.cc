// SPDX-License-Identifier: Apache-2.0
#include "agent/ledger/sqlite_database.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>

#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth {
namespace {

// SQLite itself knows ENOSPC alone as a full disk; a quota or a size limit is one too. errno is all
// there is to go by (sqlite3_system_errno is not set for writes), so this only chooses the words.
bool IsOutOfSpace(int code, int error) {
  if ((code & 0xFF) == SQLITE_FULL) return true;
  return code == SQLITE_IOERR_WRITE && (error == EDQUOT || error == EFBIG);
}

// SQLite keeps the last error per connection: read at once after the call that failed.
Status LastError(sqlite3* connection) {
  const int error = errno;
  const int code = sqlite3_extended_errcode(connection);
  const std::string message =
      fmt::format("ledger: {} (sqlite {})", sqlite3_errmsg(connection), code);
  if (IsOutOfSpace(code, error))
    return MakeError(StatusCode::kResourceExhausted, reasons::kStorageFull, message);
  const int primary = code & 0xFF;
  const bool damaged = primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
  return MakeError(damaged ? StatusCode::kDataLoss : StatusCode::kUnavailable,
                   reasons::kLedgerUnavailable, message);
}

int CountWalPages(void* pages, sqlite3*, const char*, int count) {
  *static_cast<int*>(pages) = count;
  return SQLITE_OK;
}

}  // namespace

Statement::Statement(sqlite3* connection, sqlite3_stmt* statement)
    : connection_(connection), statement_(statement) {}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

void Statement::Bind(int index, std::string_view text) {
  const char* data = text.data() == nullptr ? "" : text.data();  // Null would bind NULL.
  sqlite3_bind_text64(statement_.get(), index, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

void Statement::Bind(int index, int64_t number) {
  sqlite3_bind_int64(statement_.get(), index, number);
}

void Statement::Bind(int index, const std::optional<int64_t>& number) {
  if (number) Bind(index, *number);  // Else NULL, as after Reset.
}

void Statement::Bind(int index, const Blob& blob) {
  const char* data = blob.bytes.data() == nullptr ? "" : blob.bytes.data();
  sqlite3_bind_blob64(statement_.get(), index, data, blob.bytes.size(), SQLITE_STATIC);
}

StatusOr<bool> Statement::Next() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return LastError(connection_);
}

void Statement::Reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

Status Statement::RunToEnd() {
  StatusOr<bool> more = true;
  while (more.ok() && *more) more = Next();
  Reset();
  return more.status();
}

int64_t Statement::Int(int column) const { return sqlite3_column_int64(statement_.get(), column); }

std::string Statement::Text(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  const auto size = static_cast<size_t>(sqlite3_column_bytes(statement_.get(), column));
  return data == nullptr ? std::string() : std::string(data, size);
}

bool Statement::IsNull(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

void Database::Close::operator()(sqlite3* connection) const { sqlite3_close(connection); }

StatusOr<Database> Database::Open(const std::string& path, const std::string& vfs) {
  Database database;
  sqlite3* connection = nullptr;
  // NOMUTEX: one thread at a time uses the connection, so SQLite need not guard it.
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
                    SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;
  const int code =
      sqlite3_open_v2(path.c_str(), &connection, flags, vfs.empty() ? nullptr : vfs.c_str());
  database.connection_.reset(connection);
  if (code != SQLITE_OK) return LastError(connection);
  sqlite3_wal_hook(connection, CountWalPages, database.wal_pages_.get());
  return database;
}

Status Database::Execute(const char* sql) {
  const int code = sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? OkStatus() : LastError(connection_.get());
}

StatusOr<Statement> Database::Prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(connection_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return LastError(connection_.get());
  return Statement(connection_.get(), statement);
}

StatusOr<std::string> Database::QueryText(std::string_view sql) {
  BERTH_ASSIGN_OR_RETURN(Statement statement, Prepare(sql));
  BERTH_ASSIGN_OR_RETURN(const bool found, statement.Next());
  if (!found) return absl::DataLossError(fmt::format("ledger: no answer to {}", sql));
  return statement.Text(0);
}

StatusOr<int64_t> Database::QueryInt(std::string_view sql) {
  BERTH_ASSIGN_OR_RETURN(Statement statement, Prepare(sql));
  BERTH_ASSIGN_OR_RETURN(const bool found, statement.Next());
  if (!found) return absl::DataLossError(fmt::format("ledger: no answer to {}", sql));
  return statement.Int(0);
}

bool Database::LastWriteFailed() const {
  const int code = sqlite3_extended_errcode(connection_.get());
  return (code & 0xFF) == SQLITE_FULL || code == SQLITE_IOERR_WRITE;
}

bool Database::InTransaction() const { return sqlite3_get_autocommit(connection_.get()) == 0; }

Status Database::Checkpoint() {
  const int code = sqlite3_wal_checkpoint_v2(connection_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE,
                                             nullptr, nullptr);
  return code == SQLITE_OK ? OkStatus() : LastError(connection_.get());
}

}  // namespace berth
