// SPDX-License-Identifier: Apache-2.0
#include "drivers/host/host_capacity.h"

#include <gtest/gtest.h>

namespace berth {
namespace {

constexpr int64_t kGib = int64_t{1} << 30;

// One node of single-threaded cores.
model::Topology Host(int cpus, int64_t memory_mib) {
  model::NumaNode node{.memory_mib = memory_mib};
  for (int cpu = 0; cpu < cpus; ++cpu) node.cores.push_back({{cpu}});
  return {{node}};
}

TEST(CapacityTest, SharesASmallHostWithItsGuests) {
  const model::Capacity capacity =
      CapacityOf(Host(2, 24576), {.total_bytes = 100 * kGib, .free_bytes = 100 * kGib}, {});
  EXPECT_EQ(capacity.total, (model::Resources{2, 24576, 102400}));
  EXPECT_EQ(capacity.reserved, (model::Resources{0, 2560, 5120}));
  EXPECT_EQ(capacity.Allocatable(), (model::Resources{8, 22016, 97280}));
}

TEST(CapacityTest, KeepsMoreOfALargeHost) {
  const model::Resources reserve =
      DefaultReserve({.vcpus = 128, .memory_mib = 1 << 20, .disk_mib = 10 << 20});
  EXPECT_EQ(reserve, (model::Resources{8, 16384, 32768}));
}

TEST(CapacityTest, NeverKeepsMoreThanAQuarterOfTheMemoryByItself) {
  EXPECT_EQ(DefaultReserve({.vcpus = 1, .memory_mib = 1024, .disk_mib = 0}).memory_mib, 256);
}

TEST(CapacityTest, DoesAsThePolicySays) {
  const model::Capacity capacity =
      CapacityOf(Host(16, 65536), {.total_bytes = 10 * kGib, .free_bytes = 10 * kGib},
                 {.reserved_cpus = 2,
                  .reserved_memory_mib = 0,
                  .reserved_disk_mib = 1024,
                  .cpu_overcommit = 1.5});
  EXPECT_EQ(capacity.reserved, (model::Resources{2, 0, 1024}));
  EXPECT_EQ(capacity.Allocatable().vcpus, 21);
}

TEST(CapacityTest, NeverFallsBelowNothing) {
  const model::Capacity capacity =
      CapacityOf(Host(2, 1024), {.total_bytes = kGib, .free_bytes = kGib},
                 {.reserved_cpus = 99,
                  .reserved_memory_mib = 1 << 30,
                  .reserved_disk_mib = 1 << 30,
                  .cpu_overcommit = 0});
  EXPECT_EQ(capacity.Allocatable(), (model::Resources{0, 0, 0}));
  EXPECT_EQ(capacity.cpu_overcommit, 1.0);
}

TEST(CapacityTest, GivesNoDiskThatOthersUse) {
  const CapacityPolicy policy = {.reserved_disk_mib = 0};
  const FileSystemSpace space = {
      .total_bytes = 100 * kGib, .free_bytes = 30 * kGib, .instances_bytes = 10 * kGib};
  EXPECT_EQ(CapacityOf(Host(2, 1024), space, policy).Allocatable().disk_mib, 40 * 1024);
}

TEST(CapacityTest, LeavesHugePagesOut) {
  model::Topology host = Host(2, 10240);
  host.nodes[0].pages = {{.size_kib = 2048, .total = 1024, .free = 0}};
  EXPECT_EQ(CapacityOf(host, {}, {}).total.memory_mib, 8192);
}

}  // namespace
}  // namespace berth
