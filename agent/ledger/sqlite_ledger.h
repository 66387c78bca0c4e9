// SPDX-License-Identifier: Apache-2.0
// The ledger of production, in an SQLite file (WAL, synchronous=FULL, exclusive locking).
//
// Exactly one connection ever opens the live file: a lock file keeps a second agent out, and
// SQLite's exclusive mode everybody else, the sqlite3 shell included.
#pragma once

#include <memory>
#include <string>

#include "agent/ledger/group_commit.h"
#include "agent/ledger/ledger.h"
#include "core/base/clock.h"
#include "core/base/executor.h"
#include "core/base/random.h"

namespace berth {

struct SqliteLedgerOptions {
  std::string path;     // STATE_DIR/ledger.db; its directory exists.
  std::string node_id;  // UUID; "" = the ledger's own, or a new one with a new ledger.
  std::string boot_id;  // Of the host's kernel, now.
  GroupCommitOptions group_commit;
  std::string vfs;  // A registered SQLite VFS, for tests; "" = the system's files.
};

// Opens the ledger, making it where there is none, and reads it whole into the first view. Blocks;
// afterwards the file is touched on `executor` alone, which should have one thread. Everything
// handed in outlives the ledger, which is destroyed after the executor has stopped.
//
// FAILED_PRECONDITION: LEDGER_OF_ANOTHER_NODE, LEDGER_NEWER, or LEDGER_UNAVAILABLE (another agent
// has it open, or the file is something else). DATA_LOSS: it cannot be read; the message names the
// row. UNAVAILABLE or RESOURCE_EXHAUSTED (STORAGE_FULL): the file system refuses.
StatusOr<std::unique_ptr<Ledger>> OpenSqliteLedger(SqliteLedgerOptions options, Executor& executor,
                                                   const Clock& clock, Random& random);

}  // namespace berth
