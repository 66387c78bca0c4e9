// SPDX-License-Identifier: Apache-2.0
// What an operator may do with the ledger as a file, while the agent runs: look at it, copy it, and
// have another take its place, for which the agent starts anew in the same process.
//
// Thread-safe. Each call ends with one call of its `done`, on the executor or the ledger's.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/ledger/ledger.h"
#include "core/base/executor.h"
#include "core/base/status.h"
#include "core/base/unique_fd.h"

namespace berth {

struct LedgerLook {
  std::string path;
  Status fault;  // Why it is damaged, or cannot be read at all; OK if it is whole.
  bool readable = true;
  int64_t bytes = 0;  // With its log.
  int64_t instances = 0;
  int64_t revision = 0;
};

// A copy that has no name any more: it is gone with its descriptor.
struct LedgerCopy {
  UniqueFd file;
  int64_t bytes = 0;
  int64_t revision = 0;
};

class LedgerCare {
 public:
  using Done = std::function<void(Status)>;
  template <typename T>
  using DoneWith = std::function<void(StatusOr<T>)>;

  struct Dependencies {
    Executor& executor;  // For what blocks on files.
    Ledger& ledger;      // The one that serves; a stand-in if `unreadable`.
    std::string path;
    std::string node_id;
    Status unreadable;  // Why the file cannot be read; OK: it can.
    // Has the agent start anew, soon. From any thread.
    std::function<void()> restart;
  };
  explicit LedgerCare(Dependencies dependencies) : with_(std::move(dependencies)) {}

  void Check(DoneWith<LedgerLook> done);
  // UNAVAILABLE or RESOURCE_EXHAUSTED as the ledger; UNAVAILABLE while it is unreadable.
  void Export(DoneWith<std::shared_ptr<LedgerCopy>> done);
  // A new ledger, to be made from the guests' metadata (agent/recovery/adoption.h). After OK the
  // agent starts anew; the present file is kept (next_ledger.h). FAILED_PRECONDITION
  // LEDGER_READABLE: nothing is wrong with it.
  void Rebuild(Done done);
  // A copy goes into the ledger's place; likewise. Errors as PutCopyOfLedger, and
  // FAILED_PRECONDITION STALE_EPOCH. `control_epoch`: the caller's; 0: it claims none.
  void Restore(const std::string& copy, int64_t control_epoch, Done done);

 private:
  void Replace(const Status& prepared, const Done& done);

  const Dependencies with_;
};

}  // namespace berth
