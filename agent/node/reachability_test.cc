// SPDX-License-Identifier: Apache-2.0
#include "agent/node/reachability.h"

#include <gtest/gtest.h>

namespace berth::node {
namespace {

RecordPtr Record(model::InstanceState state) {
  auto record = std::make_shared<model::InstanceRecord>();
  record->id = "i-1";
  record->state = state;
  return record;
}

TEST(ReachabilityTest, WhileTheHypervisorAnswersTheStoredRecordIsShown) {
  const RecordPtr record = Record(model::InstanceState::kRunning);
  EXPECT_EQ(WithReachability(record, {.connected = true}), record) << "not even copied";
}

TEST(ReachabilityTest, WithTheHypervisorAwayTheLastStateIsShownAsSuch) {
  const RecordPtr record = Record(model::InstanceState::kRunning);
  const RecordPtr shown = WithReachability(record, {.connected = false});
  EXPECT_FALSE(shown->reachable);
  EXPECT_EQ(shown->state, model::InstanceState::kRunning);
  EXPECT_TRUE(record->reachable) << "the stored one is untouched";
}

TEST(ReachabilityTest, AStuckGuestAloneIsUnreachable) {
  const HypervisorHealth health{.connected = true, .stuck_guests = {"i-1"}};
  EXPECT_FALSE(WithReachability(Record(model::InstanceState::kRunning), health)->reachable);
  const HypervisorHealth other{.connected = true, .stuck_guests = {"i-2"}};
  EXPECT_TRUE(WithReachability(Record(model::InstanceState::kRunning), other)->reachable);
}

TEST(ReachabilityTest, ATerminatedInstanceHasNothingToReach) {
  EXPECT_TRUE(WithReachability(Record(model::InstanceState::kTerminated), {})->reachable);
}

}  // namespace
}  // namespace berth::node
