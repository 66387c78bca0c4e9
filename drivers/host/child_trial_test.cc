// SPDX-License-Identifier: Apache-2.0
#include "drivers/host/child_trial.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

namespace berth {
namespace {

TEST(ChildTrialTest, WorkThatEndsIsFineAndChangesNothingHere) {
  int here = 0;
  EXPECT_TRUE(TryInChild([&] { here = 1; }).ok());
  EXPECT_EQ(here, 0);
}

TEST(ChildTrialTest, WorkThatCrashesDoesNotTakeUsDown) {
  EXPECT_EQ(TryInChild([] { std::raise(SIGKILL); }).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(TryInChild([] { _exit(1); }).code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace berth
