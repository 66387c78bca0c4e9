// SPDX-License-Identifier: Apache-2.0
// The host's clock is set while the agent runs: what is under way takes as long as it should, what
// was answered stays answered, and what has a date is looked at anew.
#include <gtest/gtest.h>

#include "agent/node/node_harness.h"

namespace berth::node {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class ClockTest : public ::testing::TestWithParam<Duration> {
 protected:
  void Set() { world.sim.SetWallClock(GetParam()); }
  bool Forward() const { return GetParam() > Duration(0); }

  World world;
};

TEST_P(ClockTest, AGraceIsAsLongAsItWas) {
  ASSERT_TRUE(world.Create(SmallInstance(kIdA)).ok());
  world.RunFor(seconds(5));
  world.host.SetPowerButton(kIdA, PowerButton::kIgnored);
  ASSERT_TRUE(world.Stop(kIdA, {.grace = seconds(60)}).ok());
  world.RunFor(seconds(10));
  Set();
  if (!Forward()) world.Restart();  // A new agent knows of the wait by its date alone.
  world.RunFor(seconds(45));
  EXPECT_EQ(world.StateOf(kIdA), "STOPPING") << "the guest keeps what is left of its time";
  world.RunFor(seconds(16));
  EXPECT_EQ(world.StateOf(kIdA), "STOPPED");
  world.ExpectConsistent();
}

TEST_P(ClockTest, ARepeatGivesTheFirstAnswer) {
  const auto first = world.Create(SmallInstance(kIdA), Call("r"));
  ASSERT_TRUE(first.ok());
  world.RunFor(seconds(5));
  Set();
  world.RunFor(minutes(5));
  const auto repeat = world.Create(SmallInstance(kIdA), Call("r"));
  ASSERT_TRUE(repeat.ok()) << repeat.status();
  EXPECT_EQ(*repeat, *first);
  EXPECT_EQ(world.host.Guests().at(kIdA).boots, 1);
}

TEST_P(ClockTest, AReservationEndsAtTheDateItWasGiven) {
  ReserveArgs room;
  room.reservation_id = "r-0000000000000000a";
  room.shape = SmallInstance().spec.shape;
  room.hold = minutes(10);
  ASSERT_TRUE(world.Reserve(room).ok());
  Set();
  world.RunFor(seconds(31));
  const auto reservation = world.node().GetReservation(room.reservation_id);
  ASSERT_TRUE(reservation.ok());
  EXPECT_EQ((*reservation)->state,
            Forward() ? model::ReservationState::kExpired : model::ReservationState::kHeld);
  world.sim.SetWallClock(-GetParam());  // Somebody puts it right.
  world.RunFor(minutes(11));
  EXPECT_TRUE(world.ledger().claims.empty());
}

TEST_P(ClockTest, ATerminatedInstanceIsForgottenInTheEndAndVerbsGoOn) {
  ASSERT_TRUE(world.Create(SmallInstance(kIdA)).ok());
  world.RunFor(seconds(5));
  Set();
  ASSERT_TRUE(world.Terminate(kIdA).ok());
  world.RunFor(seconds(5));
  EXPECT_EQ(world.StateOf(kIdA), "TERMINATED");
  ASSERT_TRUE(world.Create(SmallInstance(kIdB)).ok());
  world.RunFor(seconds(5));
  EXPECT_EQ(world.StateOf(kIdB), "RUNNING");
  world.RunFor(hours(2));
  EXPECT_EQ(world.ledger().instances.Find(kIdA), nullptr);
  world.ExpectConsistent();
}

// A backoff outlives the agent, so it is a date; it must not become an hour because of the clock.
TEST_P(ClockTest, AGuestThatCrashedIsStartedAgainSoon) {
  CreateInstanceArgs args = SmallInstance(kIdA);
  args.spec.crash_behavior = model::CrashBehavior::kRestart;
  ASSERT_TRUE(world.Create(args).ok());
  world.RunFor(seconds(5));
  world.host.Crash(kIdA);
  world.RunFor(milliseconds(200));
  Set();
  world.RunFor(seconds(10));
  EXPECT_EQ(world.StateOf(kIdA), "RUNNING");
}

// Within the hour that requests are kept at least.
INSTANTIATE_TEST_SUITE_P(SetBy, ClockTest, ::testing::Values(minutes(50), -minutes(50), -hours(48)),
                         [](const auto& set) {
                           const auto by = std::chrono::duration_cast<minutes>(set.param).count();
                           return by > 0 ? "Forward" + std::to_string(by)
                                         : "Back" + std::to_string(-by);
                         });

}  // namespace
}  // namespace berth::node
