// SPDX-License-Identifier: Apache-2.0
// The ledger as a file among files: who may read it, and who may open it.
//
// While the ledger is open nobody in this process may open and close the file by other means:
// closing any descriptor of it would drop SQLite's locks (fcntl(2)). Hence the lock is a file of
// its own. Thread-safe: free functions.
#pragma once

#include <string>

#include "core/base/status.h"
#include "core/base/unique_fd.h"

namespace berth {

// Takes the one right to open the ledger at `path`, given back when the result is destroyed or the
// process ends, however it ends. FAILED_PRECONDITION (LEDGER_UNAVAILABLE): another agent holds it;
// the message names its process.
StatusOr<UniqueFd> LockLedger(const std::string& path);

// Makes sure that a regular file is there which its owner alone may read and write, and that its
// directory knows of it after a power loss.
Status EnsureLedgerFile(const std::string& path);

// An empty file, for its owner alone, in place of any that is there.
Status MakeEmptyFile(const std::string& path);

// Makes the bytes durable, then gives them their final name, then makes that durable.
Status SyncAndRename(const std::string& from, const std::string& to);

}  // namespace berth
