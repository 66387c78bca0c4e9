// SPDX-License-Identifier: Apache-2.0
// What durability costs: admissions per second with 1 and with 64 callers, beside the bare
// fdatasync of the same disk in the same run, and what it costs to publish a view of 5,000
// instances.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "agent/ledger/ledger_samples.h"
#include "agent/ledger/memory_ledger.h"
#include "agent/ledger/sqlite_ledger.h"
#include "core/base/check.h"
#include "core/base/mutex.h"
#include "core/base/sim_executor.h"
#include "core/base/thread_pool.h"
#include "core/base/unique_fd.h"
#include "tests/support/temp_directory.h"

namespace berth {
namespace {

// Writes `bytes` and syncs, within a file that is long enough already, as a WAL in use is.
void BM_RawFdatasync(benchmark::State& state) {
  const TempDirectory directory;
  const std::string bytes(static_cast<size_t>(state.range(0)), 'x');
  const UniqueFd fd(open(directory.Path("raw").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  constexpr off_t kLength = 8 << 20;
  for (off_t at = 0; at + state.range(0) <= kLength; at += state.range(0))
    if (pwrite(fd.get(), bytes.data(), bytes.size(), at) < 0) state.SkipWithError("cannot write");
  fdatasync(fd.get());
  off_t offset = 0;
  for (auto _ : state) {
    if (pwrite(fd.get(), bytes.data(), bytes.size(), offset) < 0 || fdatasync(fd.get()) != 0)
      state.SkipWithError("cannot write");
    offset = (offset + state.range(0)) % (kLength - state.range(0));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_RawFdatasync)->Arg(4096)->Arg(65536)->UseRealTime()->Unit(benchmark::kMicrosecond);

// `callers` admissions wait at any time until `total` were asked for; Wait returns when all are
// durable.
class Callers {
 public:
  Callers(Ledger& ledger, int callers, int& next, int total)
      : ledger_(ledger), next_(next), left_(total), unanswered_(total) {
    for (int i = 0; i < callers; ++i) SubmitNext();
  }
  void Wait() {
    MutexLock lock(mutex_);
    while (unanswered_ > 0) answered_.Wait(mutex_);
  }

 private:
  void SubmitNext() {
    int number = 0;
    {
      MutexLock lock(mutex_);
      if (left_ == 0) return;
      --left_;
      number = next_++;
    }
    ledger_.Submit(Admit(number), [this](const Status& status) {
      BERTH_CHECK(status.ok(), status.ToString());
      SubmitNext();
      MutexLock lock(mutex_);
      if (--unanswered_ == 0) answered_.NotifyAll();
    });
  }

  Ledger& ledger_;
  Mutex mutex_;
  CondVar answered_;
  int& next_ GUARDED_BY(mutex_);
  int left_ GUARDED_BY(mutex_);
  int unanswered_ GUARDED_BY(mutex_);
};

void BM_DurableAdmissions(benchmark::State& state) {
  const TempDirectory directory;
  SystemClock clock;
  const auto random = MakeSystemRandom();
  int64_t commits = 0;
  ThreadPool executor("ledger", 1);
  auto ledger =
      OpenSqliteLedger({.path = directory.Path("ledger.db"),
                        .group_commit = {.committed = [&](size_t, Duration) { ++commits; }}},
                       executor, clock, *random);
  const auto callers = static_cast<int>(state.range(0));
  int next = 0;
  for (auto _ : state) Callers(**ledger, callers, next, callers * 8).Wait();
  executor.Shutdown();
  state.SetItemsProcessed(next);
  state.counters["per_commit"] = static_cast<double>(next) / static_cast<double>(commits);
}
BENCHMARK(BM_DurableAdmissions)
    ->Arg(1)
    ->Arg(8)
    ->Arg(64)
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

// One transaction that changes one instance of many, without a disk: the copy of the view, the
// change, the publication.
void BM_PublishView(benchmark::State& state) {
  SimExecutor sim;
  const auto random = MakeSeededRandom(1);
  MemoryLedgerFile file;
  const auto ledger = OpenMemoryLedger(file, sim, sim, *random, {.queue_max = 100000});
  const auto instances = static_cast<int>(state.range(0));
  for (int i = 0; i < instances; ++i) ledger->Submit(Admit(i), [](const Status&) {});
  sim.RunReady();
  int number = 0;
  for (auto _ : state) {
    ledger->Submit(
        [id = SampleId(number++ % instances)](LedgerTxn& txn) {
          model::InstanceRecord record = *txn.view().instances.Find(id);
          ++record.boot_count;
          txn.PutInstance(std::move(record));
          return OkStatus();
        },
        [](const Status&) {});
    sim.RunReady();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_PublishView)->Arg(100)->Arg(1000)->Arg(5000)->Unit(benchmark::kMicrosecond);

// What publishing would cost if it copied every record.
void BM_CopyEveryRecord(benchmark::State& state) {
  std::vector<model::InstanceRecord> records(static_cast<size_t>(state.range(0)));
  for (size_t i = 0; i < records.size(); ++i) {
    records[i].id = SampleId(static_cast<int>(i));
    records[i].spec.name = "a name that is longer than the short string";
    records[i].operation_id = "op-" + records[i].id;
    records[i].run_claim_id = "c-run-" + records[i].id;
    records[i].disk_claim_id = "c-disk-" + records[i].id;
  }
  for (auto _ : state) {
    auto copy = records;
    benchmark::DoNotOptimize(copy.data());
  }
}
BENCHMARK(BM_CopyEveryRecord)->Arg(5000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace berth
