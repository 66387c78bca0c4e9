// SPDX-License-Identifier: Apache-2.0
// SQLite as values and Statuses: one connection, prepared statements, errors mapped in one place.
//
// Not thread-safe: a connection and its statements are used by one thread at a time. Errors are
// RESOURCE_EXHAUSTED (STORAGE_FULL), DATA_LOSS (the file is damaged or no database) or UNAVAILABLE
// (anything else), the latter two with the reason LEDGER_UNAVAILABLE and SQLite's words.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/status.h"

struct sqlite3;
struct sqlite3_stmt;

namespace berth {

// Bytes that are no text, for Statement's arguments.
struct Blob {
  std::string_view bytes;
};

// One prepared statement, used again and again. Arguments need only live during the call that takes
// them (Run) or until the last Next (Start).
class Statement {
 public:
  Statement() = default;
  Statement(sqlite3* connection, sqlite3_stmt* statement);

  // Binds the arguments, runs to the end, forgets the arguments.
  template <typename... Args>
  Status Run(const Args&... args) {
    Start(args...);
    return RunToEnd();
  }
  // Binds the arguments; then one Next per row.
  template <typename... Args>
  void Start(const Args&... args) {
    Reset();
    int index = 0;
    (Bind(++index, args), ...);
  }
  // True: there is a row, read it with the functions below. False: there are no more.
  StatusOr<bool> Next();
  void Reset();

  // Columns of the present row, from 0.
  int64_t Int(int column) const;
  std::string Text(int column) const;  // Also a BLOB's bytes.
  bool IsNull(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  void Bind(int index, std::string_view text);
  void Bind(int index, int64_t number);
  void Bind(int index, const std::optional<int64_t>& number);
  void Bind(int index, const Blob& blob);
  Status RunToEnd();

  sqlite3* connection_ = nullptr;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Database {
 public:
  // Opens or creates. `vfs` is the name of a registered SQLite VFS; "" = the default.
  static StatusOr<Database> Open(const std::string& path, const std::string& vfs);

  // One or more statements without arguments.
  Status Execute(const char* sql);
  StatusOr<Statement> Prepare(std::string_view sql);
  // The one number or text that a query gives; DATA_LOSS if it gives none.
  StatusOr<int64_t> QueryInt(std::string_view sql);
  StatusOr<std::string> QueryText(std::string_view sql);

  // Whether BEGIN was run and neither COMMIT nor ROLLBACK since, by us or by SQLite itself.
  bool InTransaction() const;
  // Whether the last call failed because bytes could not be written. Of a COMMIT, which appends to
  // the WAL and then syncs it, this tells that nothing was kept: the frame that would make it count
  // was never written whole.
  bool LastWriteFailed() const;
  // Pages in the WAL after the last commit.
  int WalPages() const { return *wal_pages_; }
  // Moves the WAL's pages into the database file. Complete where no one else reads, which is so
  // here.
  Status Checkpoint();

 private:
  struct Close {
    void operator()(sqlite3* connection) const;
  };
  Database() = default;

  std::unique_ptr<int> wal_pages_ = std::make_unique<int>(0);  // SQLite holds its address.
  std::unique_ptr<sqlite3, Close> connection_;
};

}  // namespace berth
