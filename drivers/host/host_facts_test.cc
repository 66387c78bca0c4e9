// SPDX-License-Identifier: Apache-2.0
#include "drivers/host/host_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/ids.h"
#include "tests/support/temp_directory.h"

namespace berth {
namespace {

using ::testing::HasSubstr;

constexpr char kBootId[] = "7a0ff1b8-3d5c-4a53-9d7f-0c1e2d3f4a5b";

TEST(HostFactsTest, AreReadFromProcfs) {
  const TempDirectory root;
  root.Write("proc/sys/kernel/random/boot_id", std::string(kBootId) + "\n");
  root.Write("proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
  root.Write("proc/sys/kernel/hostname", "node-7\n");
  root.Write("proc/meminfo",
             "MemTotal:       65536000 kB\nMemFree: 1 kB\nMemAvailable:   2048 kB\n");
  root.Write("proc/cpuinfo",
             "processor\t: 0\nmodel name\t: Some CPU @ 2.00GHz: fast\nflags\t\t: fpu svm sse2\n\n"
             "processor\t: 1\nmodel name\t: Another\nflags\t\t: fpu\n");
  const auto facts = ReadHostFacts({.root = root.path()});
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_EQ(facts->boot_id, kBootId);
  EXPECT_EQ(facts->kernel_release, "6.1.0-18-amd64");
  EXPECT_EQ(facts->hostname, "node-7");
  EXPECT_EQ(facts->memory_total_mib, 64000);
  EXPECT_EQ(facts->memory_available_mib, 2);
  EXPECT_EQ(facts->cpu_model, "Some CPU @ 2.00GHz: fast");
  EXPECT_TRUE(facts->HasVirtualization());
  EXPECT_FALSE(facts->IsGuest());
}

TEST(HostFactsTest, DoWithWhatIsThere) {
  const TempDirectory root;
  root.Write("proc/sys/kernel/random/boot_id", kBootId);
  root.Write("proc/meminfo", "MemTotal: lots\n\n:::\nMemAvailable:\n");
  const auto facts = ReadHostFacts({.root = root.path()});
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_EQ(facts->memory_total_mib, 0);
  EXPECT_EQ(facts->hostname, "");
}

TEST(HostFactsTest, NeedTheBootId) {
  const TempDirectory root;
  EXPECT_THAT(std::string(ReadHostFacts({.root = root.path()}).status().message()),
              HasSubstr("random/boot_id"));
  root.Write("proc/sys/kernel/random/boot_id", "not a uuid\n");
  EXPECT_EQ(ReadHostFacts({.root = root.path()}).status().code(), StatusCode::kInternal);
}

TEST(HostFactsTest, AreKnownOfThisHost) {
  const auto facts = ReadHostFacts({});
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_TRUE(IsUuid(facts->boot_id));
  EXPECT_GT(facts->memory_total_mib, 0);
  EXPECT_LE(facts->memory_available_mib, facts->memory_total_mib);
  EXPECT_FALSE(facts->kernel_release.empty());
}

}  // namespace
}  // namespace berth
