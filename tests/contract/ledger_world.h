// SPDX-License-Identifier: Apache-2.0
// The places a ledger may live in, as the contract's tests see them: memory, a file, a file on a
// disk that forgets what was not synced. Everything runs on one SimExecutor, in virtual time.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/ledger/group_commit.h"
#include "agent/ledger/ledger.h"
#include "core/base/random.h"
#include "core/base/sim_executor.h"

namespace berth {

class LedgerWorld {
 public:
  virtual ~LedgerWorld() = default;
  virtual const char* name() const = 0;

  // Opens the ledger as a newly started agent does, and counts its commits.
  void Open(GroupCommitOptions options = {});
  // The end of the process, in order or by a crash: what waits is never answered.
  void Close();
  virtual void Crash() { Close(); }

  // While full, what grows the ledger does not fit.
  virtual void SetFull(bool full) = 0;

  Ledger& ledger() { return *ledger_; }
  // How many transactions shared each commit since Open.
  const std::vector<size_t>& commits() const { return commits_; }
  SimExecutor& sim() { return sim_; }
  Random& random() { return *random_; }

  // Submits and runs everything to its end; the answer, or CANCELLED where there was none.
  Status Do(Ledger::Body body);

 protected:
  virtual StatusOr<std::unique_ptr<Ledger>> OpenLedger(GroupCommitOptions options) = 0;

  SimExecutor sim_;
  std::unique_ptr<Random> random_ = MakeSeededRandom(7);
  std::unique_ptr<Ledger> ledger_;
  std::vector<size_t> commits_;
};

std::unique_ptr<LedgerWorld> MakeMemoryWorld();
std::unique_ptr<LedgerWorld> MakeSqliteWorld();
std::unique_ptr<LedgerWorld> MakeLossySqliteWorld();

}  // namespace berth
