// SPDX-License-Identifier: Apache-2.0
// What makes transactions durable, below GroupCommit (group_commit.h), which decides what runs
// when.
//
// Not thread-safe: every call is on the ledger's executor.
#pragma once

#include "agent/ledger/ledger_txn.h"
#include "core/base/status.h"
#include "core/model/node_view.h"

namespace berth {

// How a commit ended. There is a third way besides yes and no: a failed fsync tells nothing.
struct CommitOutcome {
  enum class Kind { kDurable, kNothingKept, kUnknown };
  Kind kind = Kind::kDurable;
  Status why;  // OK with kDurable.
};

class LedgerStore : public LedgerLookup {
 public:
  // Adds one transaction to the open commit, opening one where there is none. `after` is the
  // picture with its writes in it. On error nothing of it is kept; what was added before stays
  // unless CommitOpen() says otherwise.
  virtual Status Add(const WriteSet& writes, const model::NodeView& after) = 0;
  // Whether a commit is open. False after a failed Add: earlier ones are gone with it.
  virtual bool CommitOpen() const = 0;
  // Makes all that was added durable at once. Afterwards no commit is open, however it ended.
  virtual CommitOutcome Commit() = 0;
  // As Ledger::Check and Ledger::CopyTo; no commit is open.
  virtual Status Check() = 0;
  virtual Status CopyTo(const std::string& path) = 0;
  // Work that no caller waits for (checkpoints, trimming); called after the replies. Its failures
  // cost nothing but room, and are tried again at the next call.
  virtual void Tidy(const model::NodeView& view) = 0;
};

}  // namespace berth
