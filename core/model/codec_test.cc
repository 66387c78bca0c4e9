// SPDX-License-Identifier: Apache-2.0
#include "core/model/codec.h"

#include <gtest/gtest.h>

namespace berth {
namespace {

TEST(CodecTest, RoundTrips) {
  model::Claim claim{.id = "c-1", .owner_id = "i-1", .held = {.vcpus = 2}};
  EXPECT_EQ(model::DecodeClaim(model::Encode(claim)).value(), claim);
}

}  // namespace
}  // namespace berth
