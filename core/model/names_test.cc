// SPDX-License-Identifier: Apache-2.0
#include "core/model/names.h"

#include <gtest/gtest.h>

namespace berth {
namespace {

TEST(NamesTest, NamesAState) {
  EXPECT_EQ(Name(model::InstanceState::kShuttingDown), "SHUTTING_DOWN");
}

}  // namespace
}  // namespace berth
