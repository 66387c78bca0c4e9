// SPDX-License-Identifier: Apache-2.0
#include "core/base/persistent_map.h"

#include <gtest/gtest.h>

namespace berth {
namespace {

TEST(PersistentMapTest, FindsWhatWasPut) {
  PersistentMap<int> map;
  map.Put("a", std::make_shared<const int>(1));
  ASSERT_NE(map.Find("a"), nullptr);
  EXPECT_EQ(map.Find("b"), nullptr);
}

}  // namespace
}  // namespace berth
