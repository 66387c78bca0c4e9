// SPDX-License-Identifier: Apache-2.0
#include "core/base/cpu_set.h"

#include <gtest/gtest.h>

namespace berth {
namespace {

TEST(CpuSetTest, SetsThatHoldTheSameAreEqualHoweverTheyCameAbout) {
  CpuSet cpus{1, 700};
  cpus.Remove(700);
  EXPECT_EQ(cpus, CpuSet{1});
  EXPECT_EQ((CpuSet{1, 200} - CpuSet{200}), CpuSet{1});
  EXPECT_EQ((CpuSet{1, 200} & CpuSet{1, 3}), CpuSet{1});
  EXPECT_EQ((CpuSet{1} | CpuSet{200}).Count(), 2);
  EXPECT_TRUE((CpuSet{64} - CpuSet{64}).empty());
  EXPECT_FALSE((CpuSet{1}).Intersects(CpuSet{65}));
}

TEST(CpuSetTest, ReadsAndWritesTheKernelsLists) {
  EXPECT_EQ(ParseCpuList("0-2,64,70-71"), (CpuSet{0, 1, 2, 64, 70, 71}));
  EXPECT_EQ(ParseCpuList(""), CpuSet());
  EXPECT_EQ(ToCpuList({0, 1, 2, 64, 70, 71}), "0-2,64,70-71");
  EXPECT_EQ(ToCpuList({}), "");
}

TEST(CpuSetTest, RefusesWhatIsNoList) {
  for (const char* text :
       {"1,1", "3-1", "a", "1,", ",1", "-1", "1-", "1 2", "8192", "0-9999999999", "0x1", "1,2-2-3"})
    EXPECT_EQ(ParseCpuList(text), std::nullopt) << text;
}

}  // namespace
}  // namespace berth
