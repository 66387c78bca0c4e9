// SPDX-License-Identifier: Apache-2.0
#include "agent/health/service_manager.h"

#include <gmock/gmock.h>

#include <vector>

#include "core/base/sim_executor.h"

namespace berth {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;

class ServiceManagerTest : public testing::Test {
 protected:
  ServiceManager::Send Sink() {
    return [this](const std::string& state) { sent_.push_back(state); };
  }
  SimExecutor clock_;
  std::vector<std::string> sent_;
};

TEST_F(ServiceManagerTest, SaysEachThingInTheManagersWords) {
  ServiceManager manager(Sink(), std::nullopt, clock_);
  manager.Ready();
  manager.Status("ready");
  manager.Stopping();
  EXPECT_THAT(sent_, ElementsAre("READY=1", "STATUS=ready", "STOPPING=1"));
}

TEST_F(ServiceManagerTest, PulsesAtHalfTheInterval) {
  ServiceManager manager(Sink(), seconds(10), clock_);
  for (int i = 0; i < 11; ++i) {
    manager.Pulse(/*alive=*/true);
    clock_.RunFor(seconds(1));
  }
  EXPECT_THAT(sent_, ElementsAre("WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"));
}

TEST_F(ServiceManagerTest, FallsSilentWhenALoopIsStuck) {
  ServiceManager manager(Sink(), seconds(10), clock_);
  manager.Pulse(/*alive=*/false);
  EXPECT_TRUE(sent_.empty());
}

TEST_F(ServiceManagerTest, WithoutAWatchdogNothingIsSent) {
  ServiceManager manager(Sink(), std::nullopt, clock_);
  manager.Pulse(/*alive=*/true);
  EXPECT_TRUE(sent_.empty());
}

}  // namespace
}  // namespace berth
