// SPDX-License-Identifier: Apache-2.0
#include "agent/api/text.h"

#include <gtest/gtest.h>

#include "core/model/text.h"

namespace berth::api {
namespace {

TEST(TextTest, ShortTextStaysAsItIs) { EXPECT_EQ(Truncated("größe", 16), "größe"); }

TEST(TextTest, LongTextEndsBetweenCharactersAndWithinItsBytes) {
  const std::string cut = Truncated("ääääääääää", 10);
  EXPECT_EQ(cut, "äää…");
  EXPECT_LE(cut.size(), 10U);
}

TEST(TextTest, WhateverGoesInIsTextWhenItComesOut) {
  for (int a = 0; a < 256; ++a)
    for (int b = 0; b < 256; b += 7) {
      const std::string bytes = {static_cast<char>(a), static_cast<char>(b), 'x'};
      EXPECT_TRUE(model::IsUtf8(Truncated(bytes, 100))) << a << ' ' << b;
    }
}

TEST(TextTest, ControlCharactersDoNotReachTheLog) {
  EXPECT_EQ(Truncated("a\n\x1b[2J", 10), "a??[2J");
}

}  // namespace
}  // namespace berth::api
