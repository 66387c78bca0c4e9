// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/ledger_world.h"

#include <sys/resource.h>

#include <csignal>

#include "agent/ledger/lossy_vfs.h"
#include "agent/ledger/memory_ledger.h"
#include "agent/ledger/sqlite_ledger.h"
#include "core/base/check.h"
#include "tests/support/temp_directory.h"

namespace berth {

void LedgerWorld::Open(GroupCommitOptions options) {
  commits_.clear();
  options.committed = [this](size_t transactions, Duration) { commits_.push_back(transactions); };
  auto opened = OpenLedger(std::move(options));
  BERTH_CHECK(opened.ok(), opened.status().ToString());
  ledger_ = *std::move(opened);
}

void LedgerWorld::Close() {
  sim_.DropAll();
  ledger_.reset();
}

Status LedgerWorld::Do(Ledger::Body body) {
  Status answer = absl::CancelledError("never answered");
  ledger_->Submit(std::move(body), [&](Status status) { answer = std::move(status); });
  sim_.RunReady();
  return answer;
}

namespace {

class MemoryWorld final : public LedgerWorld {
 public:
  const char* name() const override { return "Memory"; }
  void SetFull(bool full) override {
    file_.FailNextCommit(full ? CommitFault::kFull : CommitFault::kNone);
  }

 private:
  StatusOr<std::unique_ptr<Ledger>> OpenLedger(GroupCommitOptions options) override {
    return OpenMemoryLedger(file_, sim_, sim_, *random_, std::move(options));
  }
  MemoryLedgerFile file_;
};

// The disk is full when no file of this process may grow: writes answer EFBIG.
class SqliteWorld final : public LedgerWorld {
 public:
  ~SqliteWorld() override { SetFull(false); }
  const char* name() const override { return "Sqlite"; }
  void SetFull(bool full) override {
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit limit{};
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = full ? 4096 : limit.rlim_max;
    setrlimit(RLIMIT_FSIZE, &limit);
  }

 private:
  StatusOr<std::unique_ptr<Ledger>> OpenLedger(GroupCommitOptions options) override {
    return OpenSqliteLedger({.path = directory_.Path("ledger.db"),
                             .boot_id = "boot-1",
                             .group_commit = std::move(options)},
                            sim_, sim_, *random_);
  }
  TempDirectory directory_;
};

class LossySqliteWorld final : public LedgerWorld {
 public:
  ~LossySqliteWorld() override { Close(); }
  const char* name() const override { return "LossySqlite"; }
  void SetFull(bool full) override { vfs_.SetRoom(full ? vfs_.used_bytes() : INT64_MAX); }
  void Crash() override {
    vfs_.LosePower(*random_);
    Close();
  }

 private:
  StatusOr<std::unique_ptr<Ledger>> OpenLedger(GroupCommitOptions options) override {
    return OpenSqliteLedger({.path = directory_.Path("ledger.db"),
                             .boot_id = "boot-1",
                             .group_commit = std::move(options),
                             .vfs = vfs_.name()},
                            sim_, sim_, *random_);
  }
  TempDirectory directory_;
  LossyVfs vfs_{"lossy-contract"};
};

}  // namespace

std::unique_ptr<LedgerWorld> MakeMemoryWorld() { return std::make_unique<MemoryWorld>(); }
std::unique_ptr<LedgerWorld> MakeSqliteWorld() { return std::make_unique<SqliteWorld>(); }
std::unique_ptr<LedgerWorld> MakeLossySqliteWorld() { return std::make_unique<LossySqliteWorld>(); }

}  // namespace berth
