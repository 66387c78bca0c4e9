// SPDX-License-Identifier: Apache-2.0
// Another file in the ledger's place. While the agent runs, the next ledger is put beside the
// present one; when it starts again, and nobody has either open, the present one is moved aside and
// the next one takes its name. Each part of that may be the last before a crash: the next start
// goes on with it. Nothing is ever deleted.
//
// Free functions; they block.
#pragma once

#include <string>

#include "core/base/clock.h"
#include "core/base/status.h"

namespace berth {

// Has the next start begin a ledger that is new and empty.
Status PutNewLedger(const std::string& path);

// Has the next start go on with a copy of the ledger at `copy` (Ledger::CopyTo, or what a migration
// left), as a ledger of its own: it gets another ledger_id. What is wrong with it is said now, and
// then nothing is changed: FAILED_PRECONDITION LEDGER_OF_ANOTHER_NODE (`node_id`: this one),
// LEDGER_NEWER, or LEDGER_UNAVAILABLE (another database); INVALID_ARGUMENT naming `path` if it is
// damaged, no database, or the ledger itself; NOT_FOUND if there is no such file.
Status PutCopyOfLedger(const std::string& path, const std::string& copy,
                       const std::string& node_id);

// At the start, before the ledger is opened: puts the next one, if there is one, in its place.
// Where the old one is kept (PATH.replaced-<milliseconds since 1970>), or "".
StatusOr<std::string> TakeNextLedger(const std::string& path, WallTime now);

}  // namespace berth
