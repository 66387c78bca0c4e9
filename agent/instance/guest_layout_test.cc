// SPDX-License-Identifier: Apache-2.0
#include "agent/instance/guest_layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace berth {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Two nodes of two cores of two threads: {0,4} {1,5} and {2,6} {3,7}.
HostLayout Host() {
  HostLayout host;
  for (int n = 0; n < 2; ++n) {
    model::NumaNode node{.id = n, .memory_mib = 4096};
    node.cores = {{{2 * n, 2 * n + 4}}, {{2 * n + 1, 2 * n + 5}}};
    host.topology.nodes.push_back(node);
  }
  host.capacity.shared_cpus = {0, 2, 4};
  host.capacity.dedicated_cpus = {1, 3, 5, 6, 7};
  return host;
}

model::InstanceRecord Record(std::vector<model::PlacedCell> cells) {
  model::InstanceRecord record;
  record.placement.cells = std::move(cells);
  record.placement.emulator_cpus = {0, 4};
  return record;
}

GuestSpec LaidOut(const model::InstanceRecord& record, int32_t vcpus,
                  const HostLayout& host = Host()) {
  GuestSpec guest;
  guest.vcpus = vcpus;
  LayOut(record, host, &guest);
  return guest;
}

TEST(GuestLayoutTest, PinsDedicatedVcpusAndLetsSharedOnesFloatOnTheirNode) {
  const GuestSpec guest = LaidOut(Record({{.node = 0,
                                           .vcpu_pins = {{0, 1}, {1, 5}},
                                           .shared_vcpus = {2},
                                           .charged_cpus = {1, 5},
                                           .memory_mib = 512}}),
                                  3);
  EXPECT_THAT(guest.vcpu_cpus, ElementsAre(CpuSet({1}), CpuSet({5}), CpuSet({0, 4})));
  EXPECT_EQ(guest.emulator_cpus, CpuSet({0, 4}));
  EXPECT_EQ(guest.threads_per_core, 1) << "a shared vCPU is on no core of its own";
  ASSERT_EQ(guest.cells.size(), 1U);
  EXPECT_EQ(guest.cells[0].host_node, 0);
  EXPECT_EQ(guest.cells[0].vcpus, CpuSet({0, 1, 2}));
}

// As a node has whose CPUs are all dedicated.
TEST(GuestLayoutTest, TheEmulatorReachesTheNodesWhoseLargePagesItTakes) {
  auto record = Record({{.node = 0, .vcpu_pins = {{0, 1}}, .page_size_kib = 2048},
                        {.node = 1, .vcpu_pins = {{1, 3}, {2, 7}}, .page_size_kib = 2048}});
  EXPECT_EQ(LaidOut(record, 3).emulator_cpus, CpuSet({0, 3, 4, 7}));
  record.placement.cells[1].page_size_kib = 4;
  EXPECT_EQ(LaidOut(record, 3).emulator_cpus, CpuSet({0, 4})) << "small pages are taken later";
  record.placement.cells[1].page_size_kib = 2048;
  record.placement.emulator_cpus = {4, 6};
  EXPECT_EQ(LaidOut(record, 3).emulator_cpus, CpuSet({4, 6}));
}

TEST(GuestLayoutTest, TheGuestSeesTheThreadsThatItsPinsMirror) {
  const auto threads = [](std::vector<std::pair<int, int>> pins) {
    const auto vcpus = static_cast<int32_t>(pins.size());
    return LaidOut(Record({{.node = 0, .vcpu_pins = std::move(pins)}}), vcpus).threads_per_core;
  };
  EXPECT_EQ(threads({{0, 1}, {1, 5}, {2, 3}, {3, 7}}), 2);
  EXPECT_EQ(threads({{0, 1}, {1, 3}}), 1);
  EXPECT_EQ(threads({{0, 1}, {1, 5}, {2, 3}}), 1) << "cores unlike each other";
}

TEST(GuestLayoutTest, WhereEveryCpuIsSharedNothingIsPinned) {
  HostLayout host = Host();
  host.capacity.shared_cpus = {0, 1, 2, 3, 4, 5, 6, 7};
  host.capacity.dedicated_cpus = {};
  const GuestSpec guest =
      LaidOut(Record({{.node = 1, .shared_vcpus = {0}, .memory_mib = 64}}), 1, host);
  EXPECT_THAT(guest.vcpu_cpus, IsEmpty());
  EXPECT_EQ(guest.cells[0].host_node, 1) << "memory is bound all the same";
  host.topology.nodes.pop_back();
  host.capacity.shared_cpus = {0, 1, 4, 5};
  EXPECT_EQ(LaidOut(Record({{.node = 0, .shared_vcpus = {0}}}), 1, host).cells[0].host_node, -1);
}

TEST(GuestLayoutTest, ARecordWithoutAPlacementIsLeftAsItIs) {
  EXPECT_EQ(LaidOut(Record({}), 2), GuestSpec{.vcpus = 2});
}

TEST(GuestLayoutTest, ComparesWithWhatTheKernelSays) {
  GuestSpec asked;
  asked.vcpu_cpus = {{1}, {5}};
  asked.emulator_cpus = {0, 4};
  asked.cells = {{.vcpus = {0, 1}, .host_node = 0}};
  GuestState found;
  EXPECT_TRUE(CheckLayout(asked, found).ok()) << "no process, nothing to compare";
  found.emulator_cpus = {0, 4};
  found.vcpu_cpus = {{1}, {5}};
  found.bound_nodes = {0};
  EXPECT_TRUE(CheckLayout(asked, found).ok());

  GuestState moved = found;
  moved.vcpu_cpus[1] = {0, 1, 2};
  EXPECT_THAT(std::string(CheckLayout(asked, moved).message()),
              HasSubstr("vCPUs are 0 on 1, 1 on 0-2, and 0 on 1, 1 on 5 was asked"));
  GuestState loose = found;
  loose.bound_nodes = {};
  EXPECT_THAT(std::string(CheckLayout(asked, loose).message()), HasSubstr("NUMA nodes"));
  GuestState elsewhere = found;
  elsewhere.emulator_cpus = {2};
  EXPECT_FALSE(CheckLayout(asked, elsewhere).ok());
}

TEST(GuestLayoutTest, AnEmulatedGuestIsComparedAsAWhole) {
  GuestSpec asked;
  asked.vcpu_cpus = {{1}, {5}};
  asked.emulator_cpus = {0};
  GuestState found;
  found.emulator_cpus = {0, 1, 5};
  EXPECT_TRUE(CheckLayout(asked, found).ok());
  found.emulator_cpus = {0, 1, 2, 3, 4, 5, 6, 7};
  EXPECT_FALSE(CheckLayout(asked, found).ok());
}

}  // namespace
}  // namespace berth
