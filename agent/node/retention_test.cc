// SPDX-License-Identifier: Apache-2.0
#include "agent/node/retention.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace berth::node {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const RetentionPolicy kPolicy{hours(1), hours(24)};
const WallTime kNow{std::chrono::days(20000)};

model::InstanceRecord Terminated(const std::string& id, WallTime when) {
  model::InstanceRecord record;
  record.id = id;
  record.state = model::InstanceState::kTerminated;
  record.terminated = when;
  record.operation_id = "op-" + id;
  return record;
}

model::Operation Ended(const std::string& id, const std::string& instance_id, WallTime when) {
  return {
      .id = id, .target = instance_id, .state = model::OperationState::kSucceeded, .ended = when};
}

void Put(model::NodeView& view, model::InstanceRecord record) {
  const std::string id = record.id;
  view.instances.Put(id, std::make_shared<model::InstanceRecord>(std::move(record)));
}
void Put(model::NodeView& view, model::Operation operation) {
  const std::string id = operation.id;
  view.operations.Put(id, std::make_shared<model::Operation>(std::move(operation)));
}

TEST(RetentionTest, ATerminatedInstanceStaysForItsHour) {
  model::NodeView view;
  Put(view, Terminated("i-1", kNow - hours(1) + minutes(1)));
  EXPECT_TRUE(FindExpired(view, kPolicy, kNow, 10).empty());
  EXPECT_THAT(FindExpired(view, kPolicy, kNow + minutes(1), 10).instances, ElementsAre("i-1"));
}

TEST(RetentionTest, NothingThatLivesOrHoldsAClaimIsErased) {
  model::NodeView view;
  model::InstanceRecord running = Terminated("i-1", kNow - hours(9));
  running.state = model::InstanceState::kShuttingDown;
  model::InstanceRecord holds = Terminated("i-2", kNow - hours(9));
  holds.disk_claim_id = "c-1";
  Put(view, running);
  Put(view, holds);
  EXPECT_THAT(FindExpired(view, kPolicy, kNow, 10).instances, IsEmpty());
}

TEST(RetentionTest, AnOperationGoesADayAfterItsEndUnlessItIsTheCurrentOne) {
  model::NodeView view;
  model::InstanceRecord lives;
  lives.id = "i-1";
  lives.state = model::InstanceState::kRunning;
  lives.operation_id = "op-current";
  Put(view, lives);
  Put(view, Ended("op-current", "i-1", kNow - hours(48)));
  Put(view, Ended("op-old", "i-1", kNow - hours(48)));
  Put(view, Ended("op-young", "i-1", kNow - hours(2)));
  model::Operation unfinished = Ended("op-unfinished", "i-2", kNow - hours(48));
  unfinished.state = model::OperationState::kUndoing;
  Put(view, unfinished);
  EXPECT_THAT(FindExpired(view, kPolicy, kNow, 10).operations, ElementsAre("op-old"));
}

TEST(RetentionTest, OneTransactionErasesABoundedNumber) {
  model::NodeView view;
  for (int i = 0; i < 20; ++i) Put(view, Terminated("i-" + std::to_string(i), kNow - hours(2)));
  EXPECT_EQ(FindExpired(view, kPolicy, kNow, 7).instances.size(), 7u);
}

}  // namespace
}  // namespace berth::node
