// SPDX-License-Identifier: Apache-2.0
// The Ledger itself, over any LedgerStore: the queue, the turns, the views and the order of things.
//
// One turn takes what waits (up to a bound), runs each body on a copy of the picture so far, adds
// the writes of those that succeeded to one shared commit, commits once, publishes, then answers.
// While a turn waits for the disk the next one's callers gather, so the cost of an fsync is shared
// by as many as there are. A body that writes nothing costs no commit.
//
// Invariants:
//   1. At most one turn runs at a time, whatever the executor.
//   2. A view is published only after the commit it shows, and before its transactions are
//   answered.
//   3. An answer that rests on what others wrote in the same turn (a refusal included) is given
//   only
//      if their commit succeeded; else it is that commit's error.
//
// Thread-safe. Destroy it once its executor has stopped: what still waits then is never answered.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "agent/ledger/ledger.h"
#include "agent/ledger/ledger_store.h"
#include "core/base/clock.h"
#include "core/base/executor.h"
#include "core/base/mutex.h"
#include "core/base/published.h"

namespace berth {

struct GroupCommitOptions {
  size_t queue_max = 4096;    // More waiting callers are refused with OVERLOADED.
  size_t batch_max = 256;     // Transactions that share a commit, at most.
  Duration retry_after{100};  // What OVERLOADED asks for.
  // Told of each commit: how many transactions with writes shared it, and how long the disk took.
  // For metrics; called on the ledger's executor.
  std::function<void(size_t transactions, Duration took)> committed;
  // What to do when a commit's outcome is unknown; the ledger never answers again after it. Unset:
  // the process ends, and its successor reads from the file what happened.
  std::function<void(const Status& why)> unknown_outcome;
};

class GroupCommit final : public Ledger {
 public:
  // `first` is what the store holds. Executor and clock outlive this.
  GroupCommit(std::unique_ptr<LedgerStore> store, model::NodeView first, GroupCommitOptions options,
              Executor& executor, const Clock& clock);
  ~GroupCommit() override;

  void Submit(Body body, Done done) override;
  void Check(Done done) override;
  void CopyTo(const std::string& path, std::function<void(StatusOr<int64_t>)> done) override;
  std::shared_ptr<const model::NodeView> View() const override;
  void SetListener(Listener listener) override;

 private:
  class Loop;
  std::shared_ptr<Loop> loop_;
};

}  // namespace berth
