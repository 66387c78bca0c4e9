// SPDX-License-Identifier: Apache-2.0
#include "agent/health/heartbeats.h"

#include <gtest/gtest.h>

#include "core/base/sim_executor.h"

namespace berth {
namespace {

using std::chrono::seconds;

TEST(HeartbeatsTest, ALoopThatMovesIsAlive) {
  SimExecutor loop;
  Heartbeats beats(loop, seconds(10));
  beats.Watch("work", loop);
  for (int i = 0; i < 5; ++i) {
    beats.Beat();
    ASSERT_TRUE(loop.RunFor(seconds(8)));
    EXPECT_TRUE(beats.AllAlive());
  }
}

TEST(HeartbeatsTest, ALoopThatStandsStillIsNamed) {
  SimExecutor moving;
  SimExecutor stuck;
  Heartbeats beats(moving, seconds(10));
  beats.Watch("work", moving);
  beats.Watch("ledger", stuck);
  beats.Beat();
  ASSERT_TRUE(moving.RunFor(seconds(11)));
  beats.Beat();
  ASSERT_TRUE(moving.RunReady());
  const auto states = beats.Look();
  ASSERT_EQ(states.size(), 2u);
  EXPECT_TRUE(states[0].alive);
  EXPECT_EQ(states[1].name, "ledger");
  EXPECT_FALSE(states[1].alive);
  EXPECT_EQ(states[1].silent_for, seconds(11));
  EXPECT_FALSE(beats.AllAlive());
}

TEST(HeartbeatsTest, AStuckLoopGetsOnlyOneTaskToRun) {
  SimExecutor clock;
  SimExecutor stuck;
  Heartbeats beats(clock, seconds(10));
  beats.Watch("ledger", stuck);
  beats.Beat();
  beats.Beat();
  EXPECT_TRUE(stuck.RunOne());
  EXPECT_FALSE(stuck.RunOne());
}

TEST(HeartbeatsTest, ABeatMayComeAfterTheEnd) {
  SimExecutor loop;
  {
    Heartbeats beats(loop, seconds(10));
    beats.Watch("work", loop);
    beats.Beat();
  }
  EXPECT_TRUE(loop.RunOne());
}

}  // namespace
}  // namespace berth
