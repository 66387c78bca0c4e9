// SPDX-License-Identifier: Apache-2.0
// With systemd: tests/lab/shutdown_test.py.
#include "drivers/host/going_down.h"

#include <gtest/gtest.h>

#include "tests/support/temp_directory.h"

namespace berth {
namespace {

TEST(GoingDownTest, IsKnownByNologinWithoutSystemd) {
  const TempDirectory root;
  EXPECT_FALSE(HostGoingDown({.root = root.path()}));
  root.Write("run/nologin", "The system is going down.\n");
  EXPECT_TRUE(HostGoingDown({.root = root.path()}));
}

TEST(GoingDownTest, NologinOfASystemdThatBootsIsNoShutdown) {
  const TempDirectory root;
  root.Write("run/systemd/system/x", "");
  root.Write("run/nologin", "System is booting up.\n");
  EXPECT_FALSE(HostGoingDown({.root = root.path()}));
}

}  // namespace
}  // namespace berth
