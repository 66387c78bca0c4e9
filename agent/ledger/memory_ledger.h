// SPDX-License-Identifier: Apache-2.0
// The Ledger of simulations and unit tests: the same turns, order and answers as the real one
// (group_commit.h), over a "file" that is a value. What was not committed is gone when the ledger
// is destroyed; the next one opened on the same file finds what was.
//
//   MemoryLedgerFile file;
//   auto ledger = OpenMemoryLedger(file, sim, sim, *random);
//   file.FailNextCommit(CommitFault::kDieAfter);  // The next commit is kept, and nobody is told.
//   ...
//   sim.DropAll(); ledger.reset();                // The crash.
//   ledger = OpenMemoryLedger(file, sim, sim, *random);
//
// As one thread is enough for those who use it, a file is not thread-safe: it belongs to the
// executor of the ledger that is open on it.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "agent/ledger/group_commit.h"
#include "agent/ledger/ledger.h"
#include "core/base/random.h"

namespace berth {

enum class CommitFault {
  kNone,
  kFull,         // Refused: RESOURCE_EXHAUSTED STORAGE_FULL, nothing kept.
  kUnavailable,  // Refused: UNAVAILABLE LEDGER_UNAVAILABLE, nothing kept.
  kDieBefore,    // Nothing is kept and the ledger falls silent, as if the process had died before,
  kDieAfter,     // or right after the commit reached the disk. See `died`.
};

class MemoryLedgerFile {
 public:
  // `node_id`: "", one is made at the first opening.
  explicit MemoryLedgerFile(std::string node_id = "") {
    view_.identity.node_id = std::move(node_id);
  }

  // The next commit with writes ends so; later ones are well again.
  void FailNextCommit(CommitFault fault) { fault_ = fault; }
  // What a broken ledger would do.
  void ForgetRequests() { requests_.clear(); }
  // All of it, as with a new file on the same node.
  void Lose();
  // Called when a kDie fault has struck: the ledger answers nobody any more, and the test should
  // crash the rest of its agent.
  std::function<void()> died;

  // What is committed, for checkers.
  const model::NodeView& view() const { return view_; }
  const std::deque<Change>& changes() const { return changes_; }
  // Those of instances that are kept, with what they were changed to.
  const std::deque<InstanceChange>& instance_changes() const { return instance_changes_; }
  const std::deque<model::Event>& events() const { return events_; }
  size_t request_count() const { return requests_.size(); }
  int64_t commit_count() const { return commit_count_; }

 private:
  friend class MemoryLedgerStore;
  friend std::unique_ptr<Ledger> OpenMemoryLedger(MemoryLedgerFile&, Executor&, const Clock&,
                                                  Random&, GroupCommitOptions, std::string);
  struct KeptRequest {
    StoredRequest request;
    std::optional<WallTime> expires;
  };
  using Key = std::tuple<std::string, std::string, std::string>;

  model::NodeView view_;
  std::deque<Change> changes_;
  std::deque<InstanceChange> instance_changes_;
  std::deque<model::Event> events_;
  int64_t next_event_ = 1;
  std::map<Key, KeptRequest> requests_;
  std::set<std::string> erased_;
  int64_t commit_count_ = 0;
  CommitFault fault_ = CommitFault::kNone;
};

// Opens the file as a newly started agent does: the identity is made at the first opening and the
// agent_epoch grows with each. All references outlive the ledger; one ledger per file at a time.
std::unique_ptr<Ledger> OpenMemoryLedger(MemoryLedgerFile& file, Executor& executor,
                                         const Clock& clock, Random& random,
                                         GroupCommitOptions options = {},
                                         std::string boot_id = "boot-1");

}  // namespace berth
