// SPDX-License-Identifier: Apache-2.0
#include "cli/sizes.h"

#include <gtest/gtest.h>

namespace berth::cli {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(SizesTest, UnitsArePowersOf1024HoweverTheyAreSpelt) {
  for (const char* text : {"2G", "2Gi", "2GiB", "2g", "2048M", "2048MiB"})
    EXPECT_EQ(ParseMib(text).value_or(-1), 2048) << text;
  EXPECT_EQ(ParseMib("1.5G").value_or(-1), 1536);
  EXPECT_EQ(ParseMib("64T").value_or(-1), int64_t{64} << 20);
}

TEST(SizesTest, ASizeWithoutUnitOrSenseIsRefused) {
  for (const char* text : {"", "2", "G", "-1G", "1e9M", "nanM", "0x1G", "2GB", "1.2.3G", "0M",
                           "0.5M", "65T", "99999999999999999999999999999999G", "1 G", "2Gx"})
    EXPECT_FALSE(ParseMib(text).ok()) << text;
}

TEST(SizesTest, TimesTakeMillisecondsToHours) {
  EXPECT_EQ(ParseDuration("250ms").value_or(Duration(-1)), milliseconds(250));
  EXPECT_EQ(ParseDuration("1.5m").value_or(Duration(-1)), seconds(90));
  EXPECT_EQ(ParseDuration("0s").value_or(Duration(-1)), seconds(0));
  EXPECT_EQ(ParseDuration("24h").value_or(Duration(-1)), hours(24));
  for (const char* text : {"", "5", "s", "-5s", "25h", "5 s", "5d"})
    EXPECT_FALSE(ParseDuration(text).ok()) << text;
}

TEST(SizesTest, AmountsAreShownInTheLargestUnitOfWhichThereIsOne) {
  EXPECT_EQ(HumanMib(0), "0 MiB");
  EXPECT_EQ(HumanMib(1023), "1023 MiB");
  EXPECT_EQ(HumanMib(1024), "1 GiB");
  EXPECT_EQ(HumanMib(1536), "1.5 GiB");
  EXPECT_EQ(HumanMib(int64_t{3} << 20), "3 TiB");
  EXPECT_EQ(HumanBytes(1), "1 B");
  EXPECT_EQ(HumanBytes(1536), "1.5 KiB");
}

TEST(SizesTest, AgesGetCoarserAsTheyGrow) {
  EXPECT_EQ(HumanAge(seconds(-5)), "0s");
  EXPECT_EQ(HumanAge(seconds(119)), "119s");
  EXPECT_EQ(HumanAge(minutes(59)), "59m");
  EXPECT_EQ(HumanAge(hours(3)), "3h");
  EXPECT_EQ(HumanAge(hours(3) + minutes(5)), "3h05m");
  EXPECT_EQ(HumanAge(hours(50)), "2d");
}

}  // namespace
}  // namespace berth::cli
