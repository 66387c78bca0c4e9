// SPDX-License-Identifier: Apache-2.0
#include "core/model/names.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace berth::model {
namespace {

// Every value up to `last` has a name of its own, and is found by it.
template <typename Enum>
void ExpectNamed(Enum last) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    const auto value = static_cast<Enum>(i);
    const std::string_view name = Name(value);
    EXPECT_FALSE(name.empty()) << i;
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_EQ(FromName<Enum>(name), value) << name;
  }
  for (const std::string& other :
       {std::string(), std::string("?"), std::string(*names.begin()) + " "})
    EXPECT_EQ(FromName<Enum>(other), std::nullopt) << other;
}

TEST(NamesTest, EveryValueHasANameAndIsFoundByIt) {
  ExpectNamed(CpuPolicy::kShared);
  ExpectNamed(ShutdownBehavior::kTerminate);
  ExpectNamed(InstanceState::kTerminated);
  ExpectNamed(Intent::kTerminated);
  ExpectNamed(ClaimOwner::kImage);
  ExpectNamed(ImageState::kEvicted);
  ExpectNamed(OperationKind::kImportImage);
  ExpectNamed(OperationState::kCancelled);
  ExpectNamed(StepKind::kPublish);
  ExpectNamed(StepState::kUndone);
}

// Ledgers, metrics and scripts hold these words.
TEST(NamesTest, NamesAreWhatIsPromised) {
  EXPECT_EQ(Name(InstanceState::kShuttingDown), "SHUTTING_DOWN");
  EXPECT_EQ(Name(Intent::kStopped), "STOPPED");
  EXPECT_EQ(Name(ShutdownBehavior::kStop), "stop");
  EXPECT_EQ(Name(OperationState::kUndoing), "undoing");
  EXPECT_EQ(Name(StepKind::kCheckImage), "check_image");
  EXPECT_EQ(Name(StepKind::kCreateDisk), "create_disk");
  EXPECT_EQ(Name(StepKind::kCreateSeed), "create_seed");
  EXPECT_EQ(Name(StepKind::kDefine), "define");
  EXPECT_EQ(Name(StepKind::kStartPaused), "start_paused");
  EXPECT_EQ(Name(StepKind::kVerify), "verify");
  EXPECT_EQ(Name(StepKind::kResume), "resume");
  EXPECT_EQ(Name(StepKind::kAskShutdown), "ask_shutdown");
  EXPECT_EQ(Name(StepKind::kAwaitShutdown), "await_shutdown");
  EXPECT_EQ(Name(StepKind::kDestroy), "destroy");
  EXPECT_EQ(Name(StepKind::kAskReboot), "ask_reboot");
  EXPECT_EQ(Name(StepKind::kAwaitReboot), "await_reboot");
  EXPECT_EQ(Name(StepKind::kReset), "reset");
  EXPECT_EQ(Name(StepKind::kUndefine), "undefine");
  EXPECT_EQ(Name(StepKind::kDeleteFiles), "delete_files");
  EXPECT_EQ(Name(StepState::kSkipped), "skipped");
}

TEST(NamesTest, ANameIsTakenLetterByLetter) {
  EXPECT_EQ(FromName<InstanceState>("running"), std::nullopt);
  EXPECT_EQ(FromName<StepState>("DONE"), std::nullopt);
}

TEST(NamesTest, AnEnumThatHoldsNoneOfItsValuesIsABug) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(static_cast<void>(Name(static_cast<StepKind>(99))), "invariant broken");
}

}  // namespace
}  // namespace berth::model
