// SPDX-License-Identifier: Apache-2.0
#include "core/base/sim_executor.h"

#include <gtest/gtest.h>

namespace berth {
namespace {

TEST(SimExecutorTest, RunsWhatIsPosted) {
  SimExecutor executor;
  bool ran = false;
  executor.Post([&] { ran = true; });
  EXPECT_TRUE(executor.RunReady());
  EXPECT_TRUE(ran);
}

}  // namespace
}  // namespace berth
