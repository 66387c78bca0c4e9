// SPDX-License-Identifier: Apache-2.0
// The ledger's tables and how they came to be. A file says by its user_version which of the
// migrations it has seen; an older file is brought up step by step, each in a transaction of its
// own, after a copy was put aside. (tests/upgrade opens files of every release.)
//
// To change a table: append a migration, never touch one that was released.
#pragma once

#include <span>
#include <string>

#include "agent/ledger/sqlite_database.h"
#include "core/base/status.h"

namespace berth {

// SQL that makes version N+1 of a file of version N, N being its place in the list.
using Migration = const char*;
std::span<const Migration> Migrations();

// DATA_LOSS: pages, indexes or tables of the file do not fit together. Reads all of it.
Status CheckIntegrity(Database& database);

// Writes all that is committed to a file at `path`, made anew, for its owner alone. It is there as
// a whole, and durable, or not at all.
Status CopyDatabase(Database& database, const std::string& path);

// A file that is open, is a ledger, and of no later version than this agent knows; else as Migrate.
// OK for an empty one.
Status CheckVersion(Database& database, const std::string& path,
                    std::span<const Migration> migrations);

// Brings the file up to the last of `migrations`. Where it has tables already, the file as it was
// is kept as `path`.v<version> first, readable by its owner alone. FAILED_PRECONDITION
// (LEDGER_NEWER): the file is of a later version than `migrations` knows. FAILED_PRECONDITION
// (LEDGER_UNAVAILABLE): a database, but not a ledger.
Status Migrate(Database& database, const std::string& path, std::span<const Migration> migrations);

}  // namespace berth
