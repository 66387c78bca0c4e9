// SPDX-License-Identifier: Apache-2.0
#include "core/base/ids.h"

#include <gtest/gtest.h>

namespace berth {
namespace {

TEST(IdsTest, AnInstanceIdHasItsForm) {
  EXPECT_TRUE(IsInstanceId("i-0123456789abcdef0"));
  EXPECT_FALSE(IsInstanceId("i-0123456789abcdef"));
}

}  // namespace
}  // namespace berth
