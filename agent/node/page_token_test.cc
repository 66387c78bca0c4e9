// SPDX-License-Identifier: Apache-2.0
#include "agent/node/page_token.h"

#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth::node {
namespace {

const PageToken kToken{HashOf("ledger"), 42, HashOf("filter"), "i-0123456789abcdef0"};

TEST(PageTokenTest, SaysWhatWasPutIn) {
  const auto decoded = DecodePageToken(Encode(kToken));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, kToken);
}

TEST(PageTokenTest, RefusesWhatItDidNotMake) {
  const std::string good = Encode(kToken);
  std::vector<std::string> bad = {"x",
                                  "next",
                                  std::string(200, 'f'),
                                  good + "0",
                                  good.substr(0, good.size() - 1),
                                  std::string("\0", 1) + good};
  for (size_t i = 0; i < good.size(); ++i) {
    bad.push_back(good);
    bad.back()[i] = good[i] == '1' ? '2' : '1';
  }
  for (const std::string& text : bad) {
    const Status status = DecodePageToken(text).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << text;
    ASSERT_FALSE(DetailsOf(status).violations.empty()) << text;
    EXPECT_EQ(DetailsOf(status).violations[0].field, "page_token");
  }
}

}  // namespace
}  // namespace berth::node
