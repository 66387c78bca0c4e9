// SPDX-License-Identifier: Apache-2.0
// The durable book of instances, operations with their steps, claims, request ids and changes.
//
// Every change is a transaction: a function that reads the working picture and writes to it. Bodies
// run one after the other on the ledger's own executor, so what one has read no other can change
// before it commits; two creates can therefore never claim the same room. A body that answers an
// error leaves no trace. Bodies of waiting callers share one commit (group commit); each is
// answered after that commit is on disk and the new view is published, never before.
//
// A commit whose outcome is unknown ends the process (docs/architecture.md, crash table): the file
// knows, we do not. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/ledger/ledger_txn.h"
#include "core/base/status.h"
#include "core/model/node_view.h"

namespace berth {

class Ledger {
 public:
  // Runs on the ledger's executor; must not block, and must not touch anything but its transaction
  // and what it captured.
  using Body = std::function<Status(LedgerTxn&)>;
  using Done = std::function<void(Status)>;
  // `changes` are those of instances that led to the view from the one published before, all of
  // them, in order.
  using Listener = std::function<void(const std::shared_ptr<const model::NodeView>& view,
                                      const std::vector<InstanceChange>& changes)>;

  virtual ~Ledger() = default;

  // Runs `body`, then `done` with its error, or OK once it is durable. `done` runs on the ledger's
  // executor: it posts and returns. Answers of the ledger itself: UNAVAILABLE (LEDGER_UNAVAILABLE:
  // the file could not be written, with SQLite's words; nothing was changed), RESOURCE_EXHAUSTED
  // (STORAGE_FULL: likewise, the disk is full), UNAVAILABLE (OVERLOADED, with retry_after: too many
  // requests wait).
  virtual void Submit(Body body, Done done) = 0;

  // The latest published view; never null. From any thread, at the cost of one reference.
  virtual std::shared_ptr<const model::NodeView> View() const = 0;

  // Looks at all that is stored. DATA_LOSS naming the first thing that is wrong. Others wait
  // meanwhile.
  virtual void Check(Done done) = 0;
  // Writes all that is committed to a new file at `path`, for its owner alone; what was there is
  // replaced. `done` gets the revision of the copy. Others wait meanwhile. UNIMPLEMENTED for a
  // ledger in memory.
  virtual void CopyTo(const std::string& path, std::function<void(StatusOr<int64_t>)> done) = 0;

  // `listener` is called on the ledger's executor after each publication; once, before the first
  // Submit.
  virtual void SetListener(Listener listener) = 0;
};

}  // namespace berth
