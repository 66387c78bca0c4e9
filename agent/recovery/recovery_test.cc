// SPDX-License-Identifier: Apache-2.0
// The runner and the clean-up queue by themselves; what follows from each difference is shown on
// whole nodes in agent/node/away_test.cc.
#include "agent/recovery/recovery.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/instance/step_runner.h"
#include "agent/ledger/memory_ledger.h"
#include "agent/recovery/cleanup.h"
#include "core/base/ids.h"
#include "core/base/sim_executor.h"
#include "drivers/fake/fake_host.h"
#include "drivers/fake/fake_hypervisor.h"
#include "drivers/storage/fake_storage.h"

namespace berth {
namespace {

using recovery::Cleanup;
using recovery::Difference;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string IdOf(int number) { return fmt::format("i-{:017x}", number); }

// Keeps what was said.
class ListLog final : public Log {
 public:
  bool Enabled(LogLevel) const override { return true; }
  void Write(LogLevel level, std::string_view, LogFields fields) override {
    std::string line = level == LogLevel::kWarning ? "W" : "I";
    for (const LogField& field : fields) line += " " + field.value;
    lines.push_back(std::move(line));
  }
  std::vector<std::string> lines;
};

class RecoveryTest : public ::testing::Test {
 protected:
  GuestState GuestOf(const std::string& id) {
    GuestState guest;
    guest.name = guest.instance_id = id;
    guest.node_id = ledger->View()->identity.node_id;
    guest.power = Power::kRunning;
    guest.uuid = DomainUuid(id);
    return guest;
  }
  void PutTerminated(const std::string& id) {
    ledger->Submit(
        [id](LedgerTxn& txn) {
          model::InstanceRecord record;
          record.id = id;
          record.state = model::InstanceState::kTerminated;
          record.intent = model::Intent::kTerminated;
          txn.PutInstance(record);
          return OkStatus();
        },
        [](const Status& status) { EXPECT_TRUE(status.ok()) << status; });
    ASSERT_TRUE(sim.RunReady());
  }
  Status RunOnce() {
    Status answer(StatusCode::kUnknown, "not answered");
    recovery.Run([&](Status status) { answer = std::move(status); });
    EXPECT_TRUE(sim.RunReady());
    return answer;
  }

  std::unique_ptr<Random> random = MakeSeededRandom(1);
  SimExecutor sim;
  MemoryLedgerFile file;
  FakeHost host;
  ListLog log;
  std::unique_ptr<Ledger> ledger = OpenMemoryLedger(file, sim, sim, *random);
  FakeHypervisor hypervisor{host, sim, {.node_id = ledger->View()->identity.node_id}};
  FakeStorage storage{sim, {}};
  StepRunner steps{hypervisor,
                   storage,
                   {},
                   ledger->View()->identity.node_id,
                   ledger->View()->identity.ledger_id};
  InstanceRegistry registry{{sim, sim, *random, *ledger, hypervisor, steps, {}}};
  Recovery recovery{{sim, sim, *random, *ledger, registry, hypervisor, storage, log}, {}};
};

TEST_F(RecoveryTest, ReportsWhatItFoundAndWhen) {
  host.AddForeign(GuestOf(IdOf(1)));
  EXPECT_EQ(recovery.report()->runs, 0);
  ASSERT_TRUE(RunOnce().ok());
  const auto report = recovery.report();
  EXPECT_EQ(report->runs, 1);
  EXPECT_EQ(report->failures, 0);
  EXPECT_EQ(report->compared, sim.WallNow());
  EXPECT_TRUE(report->error.ok());
  EXPECT_EQ(report->counts.at(Difference::kGuestWithoutRecord), 1);
  EXPECT_THAT(report->findings,
              ElementsAre(recovery::Finding{Difference::kGuestWithoutRecord, IdOf(1)}));
}

TEST_F(RecoveryTest, SaysADifferenceOnceAndAgainOnlyWhenItCameBack) {
  host.AddForeign(GuestOf(IdOf(1)));
  ASSERT_TRUE(RunOnce().ok());
  ASSERT_TRUE(RunOnce().ok());
  EXPECT_THAT(log.lines, ElementsAre(HasSubstr("not JSON"), "W guest_without_record " + IdOf(1)));
  host.Remove(IdOf(1));
  ASSERT_TRUE(RunOnce().ok());
  EXPECT_TRUE(recovery.report()->findings.empty());
  host.AddForeign(GuestOf(IdOf(1)));
  ASSERT_TRUE(RunOnce().ok());
  EXPECT_EQ(log.lines.size(), 3u);
}

TEST_F(RecoveryTest, WithTheHypervisorAwayItKeepsTheLastFindingsAndSaysWhy) {
  host.AddForeign(GuestOf(IdOf(1)));
  ASSERT_TRUE(RunOnce().ok());
  hypervisor.SetDaemonUp(false);
  EXPECT_EQ(RunOnce().code(), StatusCode::kUnavailable);
  EXPECT_EQ(RunOnce().code(), StatusCode::kUnavailable);
  const auto report = recovery.report();
  EXPECT_EQ(report->runs, 1);
  EXPECT_EQ(report->failures, 2);
  EXPECT_EQ(report->error.code, StatusCode::kUnavailable);
  EXPECT_EQ(report->findings.size(), 1u);
  EXPECT_EQ(log.lines.size(), 3u) << "the failure is said once";
}

TEST_F(RecoveryTest, UnreadableDirectoriesDoNotHideTheGuests) {
  host.AddForeign(GuestOf(IdOf(1)));
  storage.FailNext(StorageCall::kListInstances,
                   {.error = Status(StatusCode::kInternal, "reading the directory: bad disk")});
  ASSERT_TRUE(RunOnce().ok());
  EXPECT_EQ(recovery.report()->runs, 1);
  EXPECT_EQ(recovery.report()->error.code, StatusCode::kInternal);
  EXPECT_EQ(recovery.report()->counts.at(Difference::kGuestWithoutRecord), 1);
}

TEST_F(RecoveryTest, ACallDuringARunWaitsForTheNextAndManyShareIt) {
  storage.SetDelay(StorageCall::kListInstances, seconds(10));
  int first = 0;
  int later = 0;
  recovery.Run([&](const Status&) { ++first; });
  ASSERT_TRUE(sim.RunFor(seconds(5)));
  for (int i = 0; i < 3; ++i) recovery.Run([&](const Status&) { ++later; });
  ASSERT_TRUE(sim.RunFor(seconds(6)));
  EXPECT_EQ(first, 1);
  EXPECT_EQ(later, 0);
  ASSERT_TRUE(sim.RunFor(seconds(10)));
  EXPECT_EQ(later, 3);
  EXPECT_EQ(storage.CallsOf(StorageCall::kListInstances), 2);
}

TEST_F(RecoveryTest, TheTimerComparesEveryMinute) {
  recovery.Start();
  ASSERT_TRUE(sim.RunFor(minutes(10) + seconds(1)));
  EXPECT_EQ(recovery.report()->runs, 10);
  hypervisor.SetDaemonUp(false);
  ASSERT_TRUE(sim.RunFor(minutes(10)));
  EXPECT_EQ(recovery.report()->failures, 10) << "and goes on through failures";
}

TEST_F(RecoveryTest, ManyLeftoversAreEndedAFewAtATime) {
  for (int i = 0; i < 20; ++i) {
    PutTerminated(IdOf(i));
    host.AddForeign(GuestOf(IdOf(i)));
    storage.AppendConsole(IdOf(i), "left\n");
  }
  ASSERT_TRUE(RunOnce().ok());
  ASSERT_TRUE(sim.RunFor(seconds(1)));
  EXPECT_TRUE(host.Guests().empty());
  EXPECT_TRUE(storage.Instances().empty());
}

TEST_F(RecoveryTest, TheQueueIsBoundedAndKnowsWhatItHolds) {
  storage.SetDelay(StorageCall::kDeleteInstance, seconds(10));
  storage.FailNext(StorageCall::kDeleteInstance, {.error = Status(StatusCode::kInternal, "no")});
  const auto deletes = [this] { return storage.CallsOf(StorageCall::kDeleteInstance); };
  auto cleanup = std::make_shared<Cleanup>(hypervisor, storage, 2);
  for (int i = 0; i < 5; ++i) cleanup->Add(IdOf(i), {.files = true});
  cleanup->Add(IdOf(4), {.files = true});
  EXPECT_EQ(cleanup->pending(), 5u) << "nobody is queued twice";
  EXPECT_EQ(deletes(), 2);
  ASSERT_TRUE(sim.RunFor(seconds(11)));
  EXPECT_EQ(cleanup->pending(), 3u);
  EXPECT_EQ(deletes(), 4) << "a failure frees its place too";
  ASSERT_TRUE(sim.RunFor(seconds(22)));
  EXPECT_EQ(cleanup->pending(), 0u);
  cleanup->Add(IdOf(0), {.files = true});
  EXPECT_EQ(deletes(), 6) << "and may be tried again";
}

TEST_F(RecoveryTest, FilesStayWhileTheirGuestCannotBeEnded) {
  PutTerminated(IdOf(1));
  host.AddForeign(GuestOf(IdOf(1)));
  storage.AppendConsole(IdOf(1), "left\n");
  hypervisor.Inject({.call = "Destroy"});
  ASSERT_TRUE(RunOnce().ok());
  EXPECT_TRUE(storage.HasAnything(IdOf(1)));
  ASSERT_TRUE(RunOnce().ok());
  EXPECT_TRUE(host.Guests().empty());
  EXPECT_FALSE(storage.HasAnything(IdOf(1)));
}

}  // namespace
}  // namespace berth
