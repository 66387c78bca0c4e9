// SPDX-License-Identifier: Apache-2.0
// What was acknowledged is there after the worst: a process killed at any instant, a disk without
// power. Nothing is there by half.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <set>

#include "agent/ledger/ledger_samples.h"
#include "agent/ledger/lossy_vfs.h"
#include "agent/ledger/sqlite_ledger.h"
#include "core/base/sim_executor.h"
#include "core/base/thread_pool.h"
#include "core/base/unique_fd.h"
#include "tests/support/temp_directory.h"

namespace berth {
namespace {

// --- kill -9 ------------------------------------------------------------------------------------

constexpr int kWindow = 8;  // Transactions that wait at a time, so that commits are shared.

// Lives in the child: admits samples from `first` on without end, and forgets each third one again;
// writes the number of each that was acknowledged to `pipe`, negative for a forgotten one.
class Writer {
 public:
  Writer(Ledger& ledger, int first, int pipe) : ledger_(ledger), next_(first), pipe_(pipe) {}
  void Start() {
    for (int i = 0; i < kWindow; ++i) SubmitNext();
  }

 private:
  void SubmitNext() {
    const int number = next_++;
    ledger_.Submit(Admit(number), [this, number](const Status& status) {
      Report(status, number);
      if (number % 3 == 0)
        ledger_.Submit(Forget(number), [this, number](const Status& forgotten) {
          Report(forgotten, -number);
          SubmitNext();
        });
      else
        SubmitNext();
    });
  }
  void Report(const Status& status, int number) const {
    if (!status.ok()) _exit(3);
    if (write(pipe_, &number, sizeof(number)) != sizeof(number)) _exit(4);
  }

  Ledger& ledger_;
  std::atomic<int> next_;
  const int pipe_;
};

[[noreturn]] void RunChild(const std::string& path, int first, int pipe) {
  SystemClock clock;
  const auto random = MakeSystemRandom();
  ThreadPool executor("ledger", 1);
  auto ledger = OpenSqliteLedger({.path = path}, executor, clock, *random);
  if (!ledger.ok()) _exit(2);
  Writer writer(**ledger, first, pipe);
  writer.Start();
  for (;;) pause();
}

// What is known to be so: numbers acknowledged and not forgotten since; numbers forgotten.
struct Acknowledged {
  std::set<int> there;
  std::set<int> gone;
  int highest = 0;
};

// Takes acknowledgements until `count` have come; then whatever is left in the pipe once the writer
// is dead.
void TakeReports(int pipe, int count, Acknowledged& known) {
  int number = 0;
  while (count-- != 0 && read(pipe, &number, sizeof(number)) == sizeof(number)) {
    known.highest = std::max(known.highest, std::abs(number));
    if (number > 0) {
      known.there.insert(number);
    } else {
      known.there.erase(-number);
      known.gone.insert(-number);
    }
  }
}

void CheckLedger(const std::string& path, const Acknowledged& known) {
  SimExecutor sim;
  const auto random = MakeSystemRandom();
  auto ledger = OpenSqliteLedger({.path = path}, sim, sim, *random);
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  const auto view = (*ledger)->View();
  for (int number = 0; number <= known.highest + 2 * kWindow; ++number)
    ASSERT_EQ(HalfThere(*view, number), "") << number;
  for (const int number : known.there) {
    // One may have been forgotten without its acknowledgement having come through.
    if (number % 3 == 0) continue;
    ASSERT_NE(view->instances.Find(SampleId(number)), nullptr) << "lost " << number;
  }
  for (const int number : known.gone)
    ASSERT_EQ(view->instances.Find(SampleId(number)), nullptr) << "risen again: " << number;
  (*ledger)->Submit(
      [&](LedgerTxn& txn) -> Status {
        for (const int number : known.there) {
          BERTH_ASSIGN_OR_RETURN(const auto found,
                                 txn.FindRequest(SampleRequest(SampleId(number), {}).key));
          EXPECT_TRUE(found.has_value()) << "request of " << number;
        }
        return OkStatus();
      },
      [](const Status& status) { EXPECT_TRUE(status.ok()) << status; });
  EXPECT_TRUE(sim.RunReady());
}

TEST(LedgerCrashTest, KilledAtAnyInstantItHoldsAllThatWasAcknowledgedAndNothingByHalf) {
  const TempDirectory directory;
  const std::string path = directory.Path("ledger.db");
  const auto random = MakeSystemRandom();
  Acknowledged known;
  for (int round = 0; round < 10; ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(ends[0]);
      RunChild(path, known.highest + kWindow + 1, ends[1]);
    }
    const UniqueFd reading(ends[0]);
    close(ends[1]);
    const int before = known.highest;
    TakeReports(reading.get(), static_cast<int>(1 + random->Next() % 300), known);
    ASSERT_EQ(kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself: " << status;
    TakeReports(reading.get(), -1, known);
    ASSERT_GT(known.highest, before) << "the writer did nothing";
    CheckLedger(path, known);
    if (HasFatalFailure()) return;
  }
}

// --- Power loss ---------------------------------------------------------------------------------

TEST(LedgerCrashTest, WithoutPowerItHoldsAllThatWasAcknowledgedAndNothingByHalf) {
  const TempDirectory directory;
  LossyVfs vfs("lossy-crash-test");
  const uint64_t seed = MakeSystemRandom()->Next();
  const auto random = MakeSeededRandom(seed);
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::set<int> acknowledged;
  int next = 0;
  for (int round = 0; round < 25; ++round) {
    SimExecutor sim;
    SqliteLedgerOptions options;
    options.path = directory.Path("ledger.db");
    options.group_commit.batch_max = 7;
    options.group_commit.unknown_outcome = [](const Status&) {};
    options.vfs = vfs.name();
    auto opened = OpenSqliteLedger(std::move(options), sim, sim, *random);
    ASSERT_TRUE(opened.ok()) << opened.status();
    Ledger& ledger = **opened;
    for (int number = 0; number < next; ++number) {
      ASSERT_EQ(HalfThere(*ledger.View(), number), "") << number;
      const bool there = ledger.View()->instances.Find(SampleId(number)) != nullptr;
      ASSERT_TRUE(there || !acknowledged.contains(number)) << "lost " << number;
    }
    for (uint64_t i = random->Next() % 80; i > 0; --i, ++next)
      ledger.Submit(Admit(next), [&acknowledged, number = next](const Status& status) {
        if (status.ok()) acknowledged.insert(number);
      });
    // Power goes between two turns, or in the midst of one: what is written then is never synced.
    for (uint64_t turns = random->Next() % 8; turns > 0; --turns) sim.RunOne();
    if (random->Next() % 2 == 0) {
      vfs.FailSyncs(true);
      sim.RunOne();
      vfs.FailSyncs(false);
    }
    vfs.LosePower(*random);
    sim.DropAll();
  }
  EXPECT_GT(acknowledged.size(), 50U);
}

}  // namespace
}  // namespace berth
