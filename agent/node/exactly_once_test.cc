// SPDX-License-Identifier: Apache-2.0
// A mutating call that succeeded gives the same answer when it is repeated; whatever happened
// since.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/node/node_harness.h"
#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth::node {
namespace {

using ::testing::HasSubstr;

class ExactlyOnceTest : public ::testing::Test {
 protected:
  void ExpectRepeatGives(const model::InstanceRecord& first) {
    const auto repeat = world.Create(SmallInstance(), Call("r-1"));
    ASSERT_TRUE(repeat.ok()) << repeat.status();
    EXPECT_EQ(*repeat, first);
    EXPECT_LE(world.ledger().instances.size(), 1u);
  }

  World world;
};

TEST_F(ExactlyOnceTest, ARepeatGivesTheFirstAnswerWhateverHappenedSince) {
  const auto first = world.Create(SmallInstance(), Call("r-1"));
  ASSERT_TRUE(first.ok()) << first.status();
  ExpectRepeatGives(*first);
  world.RunFor(std::chrono::seconds(5));
  ASSERT_EQ(world.StateOf(first->id), "RUNNING");
  ExpectRepeatGives(*first);

  world.storage.FailAlways(StorageCall::kCheckBoot,
                           {.error = Status(StatusCode::kNotFound, "gone")});
  ExpectRepeatGives(*first);
  world.agent->hypervisor.SetDaemonUp(false);
  ExpectRepeatGives(*first);
  world.agent->hypervisor.SetDaemonUp(true);
  world.types.clear();
  world.GiveHost(1, 0);
  world.Restart();
  ExpectRepeatGives(*first);
  EXPECT_EQ(world.host.Guests().size(), 1u);

  ASSERT_TRUE(world.Terminate(first->id).ok());
  world.RunFor(std::chrono::seconds(5));
  ExpectRepeatGives(*first);
  world.RunFor(std::chrono::hours(2));
  ASSERT_TRUE(world.ledger().instances.empty());
  ExpectRepeatGives(*first);
  world.ExpectNothingLeft();
}

TEST_F(ExactlyOnceTest, TwoAtOnceMakeOneInstance) {
  std::vector<model::InstanceRecord> answers;
  CallContext call = Call("r-1");
  call.method = "CreateInstance";
  for (int i = 0; i < 5; ++i)
    world.node().CreateInstance(call, SmallInstance(), [&](StatusOr<model::InstanceRecord> answer) {
      ASSERT_TRUE(answer.ok()) << answer.status();
      answers.push_back(*answer);
    });
  world.RunFor(std::chrono::seconds(5));
  ASSERT_EQ(answers.size(), 5u);
  for (const auto& answer : answers) EXPECT_EQ(answer, answers[0]);
  EXPECT_EQ(world.ledger().instances.size(), 1u);
  EXPECT_EQ(world.ledger().claims.size(), 2u);
}

// The answer was lost on its way, and the agent with it.
TEST_F(ExactlyOnceTest, ACommitWhoseAnswerDiedWithTheAgentIsAnsweredByTheNext) {
  world.file.FailNextCommit(CommitFault::kDieAfter);
  EXPECT_EQ(world.Create(SmallInstance(), Call("r-1")).status().code(), StatusCode::kCancelled);
  world.Restart();
  const auto repeat = world.Create(SmallInstance(), Call("r-1"));
  ASSERT_TRUE(repeat.ok()) << repeat.status();
  world.RunFor(std::chrono::seconds(5));
  EXPECT_EQ(world.ledger().instances.size(), 1u);
  EXPECT_EQ(world.StateOf(repeat->id), "RUNNING");
}

TEST_F(ExactlyOnceTest, ACommitThatDidNotReachTheDiskLeavesTheIdFree) {
  world.file.FailNextCommit(CommitFault::kDieBefore);
  EXPECT_EQ(world.Create(SmallInstance(), Call("r-1")).status().code(), StatusCode::kCancelled);
  world.Restart();
  EXPECT_TRUE(world.ledger().instances.empty());
  EXPECT_TRUE(world.Create(SmallInstance(), Call("r-1")).ok());
  EXPECT_EQ(world.ledger().instances.size(), 1u);
}

TEST_F(ExactlyOnceTest, OtherParametersUnderTheSameIdAreRefused) {
  const auto first = world.Create(SmallInstance(), Call("r-1", "one"));
  const Status status = world.Create(SmallInstance(), Call("r-1", "another")).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(status), reasons::kIdempotentParameterMismatch);
  EXPECT_THAT(std::string(status.message()), HasSubstr("new id"));
  EXPECT_EQ(world.ledger().instances.size(), 1u);
}

TEST_F(ExactlyOnceTest, AnIdBelongsToItsPrincipalAndMethod) {
  const auto first = world.Create(SmallInstance(), Call("r-1"));
  CallContext other = Call("r-1");
  other.principal = "uid:1000";
  const auto second = world.Create(SmallInstance(), other);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_NE(first->id, second->id);
  EXPECT_TRUE(world.Terminate(first->id, Call("r-1")).ok());
}

TEST_F(ExactlyOnceTest, ARefusalIsDecidedAfresh) {
  CreateInstanceArgs args = SmallInstance();
  args.spec.shape.vcpus = 10;
  const auto big = world.Create(args);
  ASSERT_TRUE(big.ok());
  EXPECT_EQ(ReasonOf(world.Create(SmallInstance(), Call("r-1")).status()),
            reasons::kInsufficientCapacity);
  EXPECT_EQ(world.file.request_count(), 0u);
  ASSERT_TRUE(world.Terminate(big->id).ok());
  world.RunFor(std::chrono::seconds(5));
  EXPECT_TRUE(world.Create(SmallInstance(), Call("r-1")).ok());
}

TEST_F(ExactlyOnceTest, AVerbIsRepeatedLikewiseAlsoWhenItsInstanceIsGone) {
  const auto created = world.Create(SmallInstance(kIdA));
  world.RunFor(std::chrono::seconds(5));
  const auto rebooted = world.Reboot(kIdA, {.hard = true}, Call("r-2"));
  ASSERT_TRUE(rebooted.ok()) << rebooted.status();
  world.RunFor(std::chrono::seconds(5));
  EXPECT_EQ(*world.Reboot(kIdA, {.hard = true}, Call("r-2")), *rebooted);
  world.RunFor(std::chrono::seconds(5));
  EXPECT_EQ(world.host.Guests().at(kIdA).boots, 2) << "no second reboot";

  const auto terminated = world.Terminate(kIdA, Call("r-3"));
  world.RunFor(std::chrono::hours(2));
  ASSERT_EQ(world.StateOf(kIdA), "");
  EXPECT_EQ(*world.Terminate(kIdA, Call("r-3")), *terminated);
  EXPECT_EQ(*world.Reboot(kIdA, {.hard = true}, Call("r-2")), *rebooted);
  EXPECT_EQ(ReasonOf(world.Terminate(kIdA, Call("r-4")).status()), reasons::kInstanceNotFound);
}

TEST_F(ExactlyOnceTest, ARepeatIsAnsweredEvenToAControlPlaneThatIsFencedOffByNow) {
  CallContext old = Call("r-1");
  old.control_epoch = 3;
  const auto first = world.Create(SmallInstance(), old);
  ASSERT_TRUE(first.ok()) << first.status();
  CallContext newer = Call("r-2");
  newer.control_epoch = 4;
  ASSERT_TRUE(world.Create(SmallInstance(), newer).ok());
  EXPECT_EQ(*world.Create(SmallInstance(), old), *first);

  CallContext fresh_but_old = Call("r-3");
  fresh_but_old.control_epoch = 3;
  const Status fenced = world.Create(SmallInstance(), fresh_but_old).status();
  EXPECT_EQ(fenced.code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(fenced), reasons::kStaleEpoch);
  EXPECT_EQ(DetailsOf(fenced).metadata["highest_epoch"], "4");
  EXPECT_EQ(ReasonOf(world.Terminate(first->id, fresh_but_old).status()), reasons::kStaleEpoch);
}

TEST_F(ExactlyOnceTest, TheHighestEpochIsRememberedOverARestart) {
  CallContext call = Call("r-1");
  call.control_epoch = 9;
  ASSERT_TRUE(world.Create(SmallInstance(), call).ok());
  world.Restart();
  call = Call("r-2");
  call.control_epoch = 8;
  EXPECT_EQ(ReasonOf(world.Create(SmallInstance(), call).status()), reasons::kStaleEpoch);
}

}  // namespace
}  // namespace berth::node
