// SPDX-License-Identifier: Apache-2.0
#include "drivers/host/topology.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <set>

#include "tests/support/temp_directory.h"

namespace berth {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Cpus = std::vector<int>;

model::Topology Load(const std::string& name) {
  std::ifstream file(std::string(BERTH_TEST_DATA) + "/hwloc/" + name);
  const std::string xml(std::istreambuf_iterator<char>(file), {});
  const auto topology = TopologyFromXml(xml);
  EXPECT_TRUE(topology.ok()) << name << ": " << topology.status();
  return topology.value_or(model::Topology{});
}

std::vector<Cpus> CoresOf(const model::NumaNode& node) {
  std::vector<Cpus> cores;
  for (const model::Core& core : node.cores) cores.push_back(core.cpus);
  return cores;
}

TEST(TopologyTest, ReadsTwoSocketsWithThreadsCachesPagesAndDistances) {
  const model::Topology topology = Load("two-socket.xml");
  ASSERT_THAT(topology.nodes, SizeIs(2));
  EXPECT_EQ(topology.CpuCount(), 16);
  EXPECT_EQ(topology.MemoryMib(), 131072);
  const model::NumaNode& first = topology.nodes[0];
  EXPECT_EQ(first.id, 0);
  EXPECT_EQ(first.socket, 0);
  EXPECT_THAT(CoresOf(first), ElementsAre(Cpus{0, 8}, Cpus{1, 9}, Cpus{2, 10}, Cpus{3, 11}));
  EXPECT_THAT(first.llcs, ElementsAre(Cpus{0, 1, 8, 9}, Cpus{2, 3, 10, 11}));
  EXPECT_THAT(first.pages,
              ElementsAre(model::PagePool{2048, 1024, 1024}, model::PagePool{1048576, 1, 1}));
  EXPECT_THAT(first.distances, ElementsAre(10, 21));
  const model::NumaNode& second = topology.nodes[1];
  EXPECT_EQ(second.socket, 1);
  EXPECT_THAT(second.pages, IsEmpty());
  EXPECT_THAT(second.distances, ElementsAre(22, 10));
}

TEST(TopologyTest, LeavesOutCpusThatMayNotBeUsed) {
  const model::Topology topology = Load("two-socket-restricted.xml");
  ASSERT_THAT(topology.nodes, SizeIs(2));
  EXPECT_THAT(CoresOf(topology.nodes[0]), ElementsAre(Cpus{0}, Cpus{2, 10}, Cpus{3, 11}));
  EXPECT_THAT(topology.nodes[0].llcs, ElementsAre(Cpus{0}, Cpus{2, 3, 10, 11}));
  EXPECT_EQ(topology.CpuCount(), 13);
}

TEST(TopologyTest, GivesCpusToOrdinaryMemoryBeforeSpecialMemory) {
  const model::Topology topology = Load("special-memory.xml");
  ASSERT_THAT(topology.nodes, SizeIs(2));
  EXPECT_THAT(topology.nodes[0].cores, IsEmpty());
  EXPECT_EQ(topology.nodes[0].memory_mib, 16384);
  EXPECT_THAT(topology.nodes[1].cores, SizeIs(4));
  EXPECT_EQ(topology.CpuCount(), 4) << "no CPU is counted twice";
}

TEST(TopologyTest, ReadsManyLastLevelCaches) {
  const model::Topology topology = Load("many-caches.xml");
  ASSERT_THAT(topology.nodes, SizeIs(2));
  EXPECT_EQ(topology.CpuCount(), 256);
  for (const model::NumaNode& node : topology.nodes) {
    ASSERT_THAT(node.llcs, SizeIs(8));
    for (const Cpus& llc : node.llcs) EXPECT_THAT(llc, SizeIs(16));
  }
}

TEST(TopologyTest, ReadsSubNumaClusters) {
  const model::Topology topology = Load("sub-numa-clusters.xml");
  ASSERT_THAT(topology.nodes, SizeIs(4));
  EXPECT_EQ(topology.nodes[1].socket, 0) << "two nodes on a socket";
  EXPECT_EQ(topology.nodes[2].socket, 1);
  EXPECT_THAT(topology.nodes[1].distances, ElementsAre(12, 10, 21, 21));
  EXPECT_THAT(topology.nodes[2].cores, SizeIs(8));
}

TEST(TopologyTest, ReadsThirtyFourNodesOfWhichTwoHaveCpus) {
  const model::Topology topology = Load("thirty-four-nodes.xml");
  ASSERT_THAT(topology.nodes, SizeIs(34));
  int with_cpus = 0;
  for (const model::NumaNode& node : topology.nodes) {
    with_cpus += node.cores.empty() ? 0 : 1;
    EXPECT_GT(node.memory_mib, 0);
    EXPECT_THAT(node.distances, SizeIs(34));
  }
  EXPECT_EQ(with_cpus, 2);
  EXPECT_EQ(topology.CpuCount(), 72);
}

TEST(TopologyTest, LeavesOutCpusThatAreOffline) {
  const model::Topology topology = Load("offline-cpus.xml");
  EXPECT_EQ(topology.CpuCount(), 13);
  EXPECT_THAT(CoresOf(topology.nodes[0]),
              ElementsAre(Cpus{0, 8}, Cpus{1}, Cpus{2, 10}, Cpus{3, 11}));
  EXPECT_THAT(CoresOf(topology.nodes[1]), ElementsAre(Cpus{5, 13}, Cpus{6, 14}, Cpus{7, 15}));
}

TEST(TopologyTest, ReadsDisplayDevicesWithTheirNodes) {
  const model::Topology topology = Load("display-devices.xml");
  EXPECT_THAT(topology.devices, ElementsAre(model::PciDevice{"0000:41:00.0", 0, 0x10de, 0x2331},
                                            model::PciDevice{"0000:c1:00.0", 1, 0x10de, 0x2331}))
      << "and no network card";
}

TEST(TopologyTest, MakesSyntheticMachines) {
  const auto topology = TopologyFromSynthetic("node:2 core:32 pu:2");
  ASSERT_TRUE(topology.ok()) << topology.status();
  EXPECT_EQ(topology->CpuCount(), 128);
  EXPECT_THAT(topology->nodes[1].cores, SizeIs(32));
  EXPECT_THAT(topology->nodes[1].distances, ElementsAre(20, 10)) << "the defaults";
  EXPECT_THAT(topology->nodes[1].llcs, SizeIs(1)) << "one cache where none is known";
  EXPECT_EQ(topology->nodes[1].socket, -1);
}

TEST(TopologyTest, TakesEachCpuForACoreWhereNoneAreKnown) {
  const auto topology = TopologyFromSynthetic("node:1 pu:4");
  ASSERT_TRUE(topology.ok());
  EXPECT_THAT(CoresOf(topology->nodes[0]), ElementsAre(Cpus{0}, Cpus{1}, Cpus{2}, Cpus{3}));
}

TEST(TopologyTest, ReadsLargeMachines) {
  const auto topology =
      TopologyFromSynthetic("pack:8 [numa(memory=1099511627776)] l3:8 core:8 pu:2");
  ASSERT_TRUE(topology.ok());
  EXPECT_EQ(topology->CpuCount(), 1024);
  EXPECT_THAT(topology->nodes, SizeIs(8));
  EXPECT_THAT(topology->nodes[7].llcs, SizeIs(8));
  EXPECT_EQ(topology->MemoryMib(), 8 << 20);
}

TEST(TopologyTest, RefusesWhatIsNoTopology) {
  for (const std::string text :
       {"", "nonsense", "<?xml version=\"1.0\"?><a/>", "<topology version=\"2.0\"></topology>"}) {
    EXPECT_EQ(TopologyFromXml(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
  for (const std::string text : {"", "nonsense", "node:0 pu:1", "node:2 core:-1", "44440",
                                 "2 44440 2", "node:91 core:91 pu:2"})
    EXPECT_EQ(TopologyFromSynthetic(text).status().code(), StatusCode::kInvalidArgument) << text;
}

TEST(TopologyTest, ReadsThisHost) {
  const auto topology = ReadTopology({});
  ASSERT_TRUE(topology.ok()) << topology.status();
  EXPECT_GE(topology->CpuCount(), 1);
  EXPECT_LE(topology->CpuCount(), sysconf(_SC_NPROCESSORS_ONLN));
  EXPECT_GT(topology->MemoryMib(), 0);
  std::set<int> seen;
  for (const model::NumaNode& node : topology->nodes) {
    EXPECT_THAT(node.distances, SizeIs(topology->nodes.size()));
    for (const Cpus& llc : node.llcs)
      for (const int cpu : llc) EXPECT_TRUE(seen.insert(cpu).second) << cpu;
  }
  EXPECT_THAT(seen, SizeIs(static_cast<size_t>(topology->CpuCount())));
}

class PagePoolsTest : public ::testing::Test {
 protected:
  void WritePool(const std::string& node, const std::string& size, const std::string& total,
                 const std::string& free) {
    const std::string pool = "sys/devices/system/node/" + node + "/hugepages/hugepages-" + size;
    root_.Write(pool + "/nr_hugepages", total + "\n");
    root_.Write(pool + "/free_hugepages", free + "\n");
  }
  TempDirectory root_;
  model::Topology topology_{
      {{.id = 0, .pages = {{4, 4, 4}}}, {.id = 5}, {.id = 7, .pages = {{2, 2, 2}}}}};
};

TEST_F(PagePoolsTest, AreReadFromSysfsInTheOrderOfTheirSize) {
  WritePool("node0", "1048576kB", "2", "1");
  WritePool("node0", "2048kB", "512", "500");
  WritePool("node5", "2048kB", "0", "0");
  ASSERT_TRUE(RefreshPagePools({.root = root_.path()}, &topology_).ok());
  EXPECT_THAT(topology_.nodes[0].pages,
              ElementsAre(model::PagePool{2048, 512, 500}, model::PagePool{1048576, 2, 1}));
  EXPECT_THAT(topology_.nodes[1].pages, ElementsAre(model::PagePool{2048, 0, 0}));
  EXPECT_THAT(topology_.nodes[2].pages, SizeIs(1)) << "kept: sysfs does not speak of it";
}

TEST_F(PagePoolsTest, NameAPoolThatMakesNoSense) {
  WritePool("node0", "2048kB", "many", "0");
  const Status status = RefreshPagePools({.root = root_.path()}, &topology_);
  EXPECT_EQ(status.code(), StatusCode::kInternal);
  EXPECT_THAT(std::string(status.message()), HasSubstr("node0/hugepages/hugepages-2048kB"));
}

}  // namespace
}  // namespace berth
