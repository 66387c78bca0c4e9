// SPDX-License-Identifier: Apache-2.0
#include "core/model/validate.h"

#include <gtest/gtest.h>

namespace berth {
namespace {

TEST(ValidateTest, KnowsFileNames) {
  EXPECT_TRUE(model::IsFileName("a.qcow2"));
  EXPECT_FALSE(model::IsFileName("../a"));
}

}  // namespace
}  // namespace berth
