// SPDX-License-Identifier: Apache-2.0
#include "agent/health/conditions.h"

#include <gmock/gmock.h>

namespace berth {
namespace {

using model::ConditionStatus;
using testing::HasSubstr;

WallTime At(int seconds) { return WallTime(std::chrono::seconds(seconds)); }

HealthInputs AllWell() {
  HealthInputs inputs;
  inputs.hypervisor = {.connected = true, .uri = "qemu:///system", .version = "libvirt 9.0.0"};
  inputs.recovery_done = true;
  inputs.space = FileSystemSpace{.total_bytes = 100LL << 30, .free_bytes = 50LL << 30};
  return inputs;
}

const model::Condition& Get(const HealthReport& report, const char* type) {
  const model::Condition* found = FindCondition(report, type);
  EXPECT_NE(found, nullptr) << type;
  return *found;
}

TEST(ConditionsTest, AllIsWell) {
  const HealthReport report = Evaluate(AllWell(), {}, At(1));
  EXPECT_TRUE(report.ready);
  EXPECT_TRUE(report.serving);
  for (const model::Condition& condition : report.conditions) {
    EXPECT_TRUE(IsGood(condition)) << condition.type;
    EXPECT_EQ(condition.since, At(1)) << condition.type;
  }
  EXPECT_EQ(report.conditions.front().type, kConditionReady);
}

TEST(ConditionsTest, WithoutLibvirtTheNodeDoesNotServeAndSaysWhy) {
  HealthInputs inputs = AllWell();
  inputs.hypervisor.connected = false;
  inputs.hypervisor.error = "connecting to qemu:///system: refused";
  const HealthReport report = Evaluate(inputs, {}, At(1));
  EXPECT_FALSE(report.ready);
  EXPECT_FALSE(report.serving);
  EXPECT_EQ(Get(report, kConditionLibvirt).reason, "NotConnected");
  EXPECT_THAT(Get(report, kConditionReady).message,
              HasSubstr("LibvirtReady: connecting to qemu:///system: refused; instances cannot"));
}

TEST(ConditionsTest, AStuckGuestIsNamedButNoReasonToStop) {
  HealthInputs inputs = AllWell();
  inputs.hypervisor.stuck_guests = {"i-1", "i-2"};
  const HealthReport report = Evaluate(inputs, {}, At(1));
  EXPECT_TRUE(report.ready);
  EXPECT_THAT(Get(report, kConditionLibvirt).message, HasSubstr("2 guests do not answer"));
  EXPECT_THAT(Get(report, kConditionLibvirt).message, HasSubstr("i-1"));
}

TEST(ConditionsTest, BeforeTheFirstComparisonTheNodeDoesNotServe) {
  HealthInputs inputs = AllWell();
  inputs.recovery_done = false;
  inputs.recovery = {StatusCode::kUnavailable, "X", "daemon away"};
  const HealthReport report = Evaluate(inputs, {}, At(1));
  EXPECT_FALSE(report.serving);
  EXPECT_THAT(Get(report, kConditionRecovery).message, HasSubstr("daemon away"));
}

TEST(ConditionsTest, ALedgerThatDoesNotAnswerStopsService) {
  HealthInputs inputs = AllWell();
  inputs.ledger = {StatusCode::kUnavailable, "LEDGER_UNAVAILABLE", "silent for 40 s"};
  const HealthReport report = Evaluate(inputs, {}, At(1));
  EXPECT_FALSE(report.serving);
  EXPECT_EQ(Get(report, kConditionLedger).message, "silent for 40 s");
}

TEST(ConditionsTest, AFullDiskForbidsNewInstancesOnly) {
  HealthInputs inputs = AllWell();
  inputs.space->free_bytes = kFreeBytesMin - 1;
  const HealthReport report = Evaluate(inputs, {}, At(1));
  EXPECT_FALSE(report.ready);
  EXPECT_TRUE(report.serving);
  EXPECT_EQ(Get(report, kConditionStorage).reason, "DiskSpaceLow");
}

TEST(ConditionsTest, ADiskThatWasFullMustHaveTwiceTheRoomAgain) {
  HealthInputs inputs = AllWell();
  inputs.space->free_bytes = kFreeBytesMin - 1;
  const HealthReport low = Evaluate(inputs, {}, At(1));
  inputs.space->free_bytes = kFreeBytesMin + 1;
  EXPECT_TRUE(Evaluate(inputs, {}, At(2)).ready);
  EXPECT_FALSE(Evaluate(inputs, low, At(2)).ready);
  inputs.space->free_bytes = 2 * kFreeBytesMin;
  EXPECT_TRUE(Evaluate(inputs, low, At(2)).ready);
}

TEST(ConditionsTest, SpaceThatIsNotKnownYetIsUnknownAndOneThatCannotBeReadIsFalse) {
  HealthInputs inputs = AllWell();
  inputs.space.reset();
  EXPECT_EQ(Get(Evaluate(inputs, {}, At(1)), kConditionStorage).status, ConditionStatus::kUnknown);
  inputs.storage = {StatusCode::kInternal, "", "input/output error"};
  EXPECT_EQ(Get(Evaluate(inputs, {}, At(1)), kConditionStorage).status, ConditionStatus::kFalse);
}

TEST(ConditionsTest, SinceMovesOnlyWithTheStatus) {
  HealthInputs inputs = AllWell();
  const HealthReport first = Evaluate(inputs, {}, At(1));
  inputs.hypervisor.connected = false;
  const HealthReport second = Evaluate(inputs, first, At(2));
  inputs.hypervisor.error = "another reason";
  const HealthReport third = Evaluate(inputs, second, At(3));
  EXPECT_EQ(Get(second, kConditionLibvirt).since, At(2));
  EXPECT_EQ(Get(third, kConditionLibvirt).since, At(2));
  EXPECT_EQ(Get(third, kConditionLedger).since, At(1));
  EXPECT_FALSE(SameStatements(second, third));
  EXPECT_TRUE(SameStatements(third, Evaluate(inputs, third, At(4))));
}

TEST(ConditionsTest, OverCommitmentIsSaidAndKeepsNobodyFromBeingServed) {
  HealthInputs inputs = AllWell();
  EXPECT_EQ(Get(Evaluate(inputs, {}, At(1)), kConditionOverCommitted).status,
            ConditionStatus::kFalse);
  inputs.over_committed = {"a", "b", "c", "d"};
  const HealthReport report = Evaluate(inputs, {}, At(1));
  EXPECT_TRUE(report.ready);
  EXPECT_TRUE(report.serving);
  EXPECT_EQ(Get(report, kConditionOverCommitted).status, ConditionStatus::kTrue);
  EXPECT_EQ(Get(report, kConditionOverCommitted).message.substr(0, 20), "a; b; c; and 1 more;");
}

}  // namespace
}  // namespace berth
