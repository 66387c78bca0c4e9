// SPDX-License-Identifier: Apache-2.0
#include "agent/health/health_monitor.h"

#include <gmock/gmock.h>

#include "core/base/sim_executor.h"

namespace berth {
namespace {

using std::chrono::seconds;

class HealthMonitorTest : public testing::Test {
 protected:
  HealthMonitorTest() : beats_(executor_, seconds(30)) { beats_.Watch("work", executor_); }

  std::unique_ptr<HealthMonitor> MakeMonitor() {
    return std::make_unique<HealthMonitor>(
        HealthMonitor::Dependencies{.executor = executor_,
                                    .storage_executor = storage_,
                                    .clock = executor_,
                                    .heartbeats = beats_},
        HealthSources{.hypervisor = [this] { return hypervisor_; },
                      .ledger = [] { return model::Error{}; },
                      .recovery = [] { return model::Error{}; },
                      .recovery_done = [this] { return recovered_; },
                      .space = [this]() -> StatusOr<FileSystemSpace> {
                        ++space_reads_;
                        if (space_fails_) return absl::InternalError("input/output error");
                        return FileSystemSpace{.total_bytes = 1LL << 40, .free_bytes = 1LL << 39};
                      }},
        HealthListeners{.changed = [this](const HealthReport& r) { changes_.push_back(r.ready); },
                        .looked = [this](bool alive) { alive_.push_back(alive); }});
  }
  // One interval, with whatever the storage pool has to do.
  void Second() {
    ASSERT_TRUE(executor_.RunFor(seconds(1)));
    while (storage_.RunOne()) {
    }
    ASSERT_TRUE(executor_.RunReady());
  }

  SimExecutor executor_;
  SimExecutor storage_;
  Heartbeats beats_;
  HypervisorHealth hypervisor_{.connected = true};
  bool recovered_ = true;
  bool space_fails_ = false;
  int space_reads_ = 0;
  std::vector<bool> changes_;
  std::vector<bool> alive_;
};

TEST_F(HealthMonitorTest, BecomesReadyOnceEverythingIsKnown) {
  auto monitor = MakeMonitor();
  EXPECT_FALSE(monitor->report()->ready);
  monitor->Start();
  Second();
  EXPECT_TRUE(monitor->report()->ready);
  EXPECT_EQ(changes_, (std::vector<bool>{false, true}));
}

TEST_F(HealthMonitorTest, TellsOnlyOfChangesButPulsesAtEachLook) {
  auto monitor = MakeMonitor();
  monitor->Start();
  for (int i = 0; i < 5; ++i) Second();
  EXPECT_EQ(changes_.size(), 2u);
  EXPECT_GE(alive_.size(), 5u);
  hypervisor_.connected = false;
  Second();
  Second();
  EXPECT_EQ(changes_, (std::vector<bool>{false, true, false}));
}

TEST_F(HealthMonitorTest, LooksSoonWhenToldTo) {
  auto monitor = MakeMonitor();
  hypervisor_.connected = false;
  monitor->Start();
  Second();
  hypervisor_.connected = true;
  monitor->LookSoon();
  ASSERT_TRUE(executor_.RunReady());
  EXPECT_TRUE(monitor->report()->ready);
}

TEST_F(HealthMonitorTest, AnUnreadableDiskIsAskedAgainOncePerLook) {
  space_fails_ = true;
  auto monitor = MakeMonitor();
  monitor->Start();
  for (int i = 0; i < 4; ++i) Second();
  EXPECT_FALSE(monitor->report()->ready);
  EXPECT_LE(space_reads_, 6);
  space_fails_ = false;
  Second();
  Second();
  EXPECT_TRUE(monitor->report()->ready);
}

TEST_F(HealthMonitorTest, ADiskThatHangsHoldsUpNothingElse) {
  auto monitor = MakeMonitor();
  monitor->Start();
  hypervisor_.connected = false;
  ASSERT_TRUE(executor_.RunFor(seconds(5)));  // storage_ never runs.
  EXPECT_EQ(FindCondition(*monitor->report(), kConditionStorage)->status,
            model::ConditionStatus::kUnknown);
  EXPECT_EQ(FindCondition(*monitor->report(), kConditionLibvirt)->status,
            model::ConditionStatus::kFalse);
}

TEST_F(HealthMonitorTest, AfterStopNobodyIsTold) {
  auto monitor = MakeMonitor();
  monitor->Start();
  Second();
  const size_t looks = alive_.size();
  monitor->LookSoon();  // Queued, and then too late.
  monitor->Stop();
  ASSERT_TRUE(executor_.RunFor(seconds(5)));
  EXPECT_EQ(alive_.size(), looks);
  monitor.reset();
  EXPECT_FALSE(executor_.RunOne());
}

}  // namespace
}  // namespace berth
