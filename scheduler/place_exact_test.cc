// SPDX-License-Identifier: Apache-2.0
// The rules of docs/placement.md one by one, on hosts small enough to see through.
#include "scheduler/place_exact.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace berth::placement {
namespace {

using testing::ElementsAre;
using testing::Pair;

// `nodes` nodes of `cores` cores of `threads` threads, 4 GiB each, ids in order.
HostSpec Grid(int nodes, int cores, int threads) {
  HostSpec spec;
  int cpu = 0;
  for (int n = 0; n < nodes; ++n) {
    Node node{.id = n, .socket = n, .memory_mib = 4096};
    node.llcs.emplace_back();
    for (int c = 0; c < cores; ++c) {
      node.cores.emplace_back();
      for (int t = 0; t < threads; ++t, ++cpu) {
        node.cores.back().push_back(cpu);
        node.llcs.back().push_back(cpu);
      }
    }
    for (int to = 0; to < nodes; ++to) node.distances.push_back(to == n ? 10 : 20);
    spec.nodes.push_back(node);
  }
  return spec;
}

Claim Holding(std::string id, int node, CpuSet cpus, std::string tenant = "") {
  return {.id = std::move(id),
          .tenant = std::move(tenant),
          .core_sharing = {},
          .cells = {{.node = node, .dedicated_cpus = std::move(cpus)}},
          .devices = {}};
}

Request Dedicated(int vcpus) {
  return {.vcpus = vcpus, .memory_mib = vcpus, .cpu_policy = CpuPolicy::kDedicated};
}

Placement Placed(const HostSpec& spec, const Request& request) {
  const Answer answer = Place(Host(spec), request);
  EXPECT_TRUE(std::holds_alternative<Placement>(answer));
  return std::holds_alternative<Placement>(answer) ? std::get<Placement>(answer) : Placement{};
}

Refusal Refused(const HostSpec& spec, const Request& request) {
  const Answer answer = Place(Host(spec), request);
  EXPECT_TRUE(std::holds_alternative<Refusal>(answer));
  return std::holds_alternative<Refusal>(answer) ? std::get<Refusal>(answer) : Refusal{};
}

TEST(PlaceExactTest, TakesASiblingThatIsLeftBeforeItBreaksACore) {
  HostSpec spec = Grid(1, 3, 2);
  spec.claims = {Holding("a", 0, {2})};
  EXPECT_THAT(Placed(spec, Dedicated(1)).cells[0].vcpu_pins, ElementsAre(Pair(0, 3)));
  EXPECT_THAT(Placed(spec, Dedicated(2)).cells[0].vcpu_pins, ElementsAre(Pair(0, 0), Pair(1, 1)));
}

TEST(PlaceExactTest, AnotherTenantsSiblingIsNotShared) {
  HostSpec spec = Grid(1, 2, 2);
  spec.claims = {Holding("a", 0, {0}, "a"), Holding("b", 0, {2}, "b")};
  Request request = Dedicated(2);
  request.tenant = "b";
  EXPECT_FALSE(Fits(Host(spec), request));
  request.core_sharing = CoreSharing::kAny;
  EXPECT_TRUE(Fits(Host(spec), request));
  spec.claims[0].core_sharing = CoreSharing::kSameTenant;
  EXPECT_FALSE(Fits(Host(spec), request)) << "the holder must bear it too, where its wish is known";
}

TEST(PlaceExactTest, RequireTakesWholeCoresAndChargesThem) {
  Request request = Dedicated(3);
  request.smt_policy = SmtPolicy::kRequire;
  const Placement placement = Placed(Grid(1, 3, 2), request);
  EXPECT_EQ(placement.ChargedCpus(), (CpuSet{0, 1, 2, 3}));
  EXPECT_THAT(Refused(Grid(1, 3, 1), request).reasons,
              ElementsAre(Reason{.resource = "smt", .node = 0, .wanted = 2, .free = 1}));
}

TEST(PlaceExactTest, IsolateLeavesSiblingsEmptyAndTheEmulatorElsewhere) {
  Request request = Dedicated(2);
  request.smt_policy = SmtPolicy::kIsolate;
  request.emulator_policy = EmulatorPolicy::kIsolate;
  EXPECT_FALSE(Fits(Host(Grid(1, 2, 2)), request)) << "an empty sibling is not for the emulator";
  HostSpec spec = Grid(1, 3, 2);
  spec.claims = {Holding("a", 0, {0})};
  const Placement placement = Placed(spec, request);
  EXPECT_EQ(placement.emulator_cpus, CpuSet{1});
  EXPECT_EQ(placement.ChargedCpus(), (CpuSet{1, 2, 3, 4, 5}));
}

TEST(PlaceExactTest, CellsThatEachFitSomewhereButNotTogetherAreRefused) {
  HostSpec spec = Grid(3, 2, 1);
  spec.claims = {Holding("a", 0, {0}), Holding("b", 1, {2})};
  Request request = Dedicated(5);
  request.numa.kind = Numa::Kind::kExplicit;
  request.numa.explicit_cells = {{{0}, {}, 1, {}}, {{1, 2}, {}, 2, {}}, {{3, 4}, {}, 2, {}}};
  const Refusal refusal = Refused(spec, request);
  EXPECT_THAT(refusal.reasons,
              ElementsAre(Reason{.resource = "numa_nodes", .wanted = 3, .free = 2}));
  EXPECT_TRUE(refusal.nearest.empty()) << "explicit cells have no nearest shape";
  request.numa.explicit_cells[2] = {{3}, {}, 2, {}};
  EXPECT_TRUE(Fits(Host(spec), request)) << "the cell that fits one node alone must get it";
}

TEST(PlaceExactTest, AutoSplitsOverTheFewestNodesAsEvenlyAsItFits) {
  const Placement even = Placed(Grid(3, 4, 1), Dedicated(6));
  ASSERT_EQ(even.cells.size(), 2U);
  EXPECT_EQ(even.cells[0].vcpu_pins.size(), 3U);
  HostSpec spec = Grid(3, 4, 1);
  spec.claims = {Holding("a", 0, {0, 1}), Holding("b", 1, {4, 5}), Holding("c", 2, {8})};
  const Placement uneven = Placed(spec, Dedicated(5));
  ASSERT_EQ(uneven.cells.size(), 2U);
  EXPECT_EQ(uneven.cells[0].vcpu_pins.size(), 2U);
  EXPECT_EQ(uneven.cells[1].vcpu_pins.size(), 3U);
}

TEST(PlaceExactTest, OvercommitIsBetweenGuestsNeverWithinOne) {
  HostSpec spec = Grid(1, 2, 1);
  spec.cpu_overcommit = 4.0;
  spec.memory_overcommit = 4.0;
  Request request{.vcpus = 2, .memory_mib = 4096};
  EXPECT_TRUE(Fits(Host(spec), request));
  EXPECT_EQ(Headroom(Host(spec), request, 100), 4);
  request.vcpus = 3;
  EXPECT_FALSE(Fits(Host(spec), request));
  EXPECT_FALSE(Fits(Host(spec), {.vcpus = 1, .memory_mib = 4097}));
}

TEST(PlaceExactTest, DedicatedCpusDoNotSqueezeEarlierSharedGuests) {
  HostSpec spec = Grid(1, 4, 1);
  spec.cpu_overcommit = 2.0;
  spec.claims = {Holding("a", 0, {})};
  spec.claims[0].cells[0].shared_vcpus = 3;
  EXPECT_TRUE(Fits(Host(spec), Dedicated(1)));
  EXPECT_FALSE(Fits(Host(spec), Dedicated(2))) << "three vCPUs would have two CPUs";
}

TEST(PlaceExactTest, AShrunkHostGivesNothingMoreOfWhatIsOverAndTheRestAsEver) {
  HostSpec spec = Grid(1, 4, 1);
  spec.claims = {Holding("a", 0, {99})};  // An offline CPU.
  spec.claims[0].cells[0].memory_mib = 5000;
  spec.claims[0].devices = {"gone"};
  EXPECT_FALSE(Fits(Host(spec), Dedicated(1)));
  spec.nodes[0].pages = {{.size_kib = 2048, .total = 0, .used = 3}};
  Request request = Dedicated(1);
  request.page_size = {PageSize::Kind::kExact, 2048};
  request.memory_mib = 2;
  const Refusal refusal = Refused(spec, request);
  EXPECT_THAT(refusal.reasons,
              ElementsAre(Reason{.resource = "pages_2048", .node = 0, .wanted = 1, .free = 0}));
}

TEST(PlaceExactTest, DevicesComeWithTheirWholeGroupAndNeverMoreThanAsked) {
  HostSpec spec = Grid(2, 4, 1);
  spec.devices = {{"g0", 0, "gpu", "m", 1},
                  {"g1", 0, "gpu", "m", 1},
                  {"g2", 1, "gpu", "m", 2},
                  {"audio", 1, "audio", "", 2}};
  Request request = Dedicated(1);
  request.devices = {{.kind = "gpu", .model = "", .count = 1, .affinity = Affinity::kRequired}};
  const Placement placement = Placed(spec, request);
  EXPECT_EQ(placement.cells[0].node, 1);
  EXPECT_THAT(placement.devices, ElementsAre("g2", "audio"));
  request.devices[0].count = 3;
  EXPECT_FALSE(Fits(Host(spec), request));
  request.numa = {.kind = Numa::Kind::kEqual, .cells = 1, .explicit_cells = {}};
  request.devices[0].affinity = Affinity::kPreferred;
  EXPECT_TRUE(Fits(Host(spec), request));
}

TEST(PlaceExactTest, AFabricIsGivenByWholePartitions) {
  HostSpec spec = Grid(1, 4, 1);
  spec.devices = {{"a", 0, "gpu", ""}, {"b", 0, "gpu", ""}, {"c", 0, "gpu", ""}};
  spec.fabric_partitions = {{1, {"a", "b"}}, {2, {"b", "c"}}};
  Request request = Dedicated(1);
  request.devices = {{.kind = "gpu", .model = "", .count = 2}};
  EXPECT_THAT(Placed(spec, request).devices, ElementsAre("a", "b"));
  spec.claims = {Holding("x", 0, {})};
  spec.claims[0].devices = {"a"};
  EXPECT_THAT(Placed(spec, request).devices, ElementsAre("b", "c"));
  request.devices[0].count = 1;
  EXPECT_FALSE(Fits(Host(spec), request));
}

TEST(PlaceExactTest, RefusalsNameTheLargestValuesThatFit) {
  HostSpec spec = Grid(1, 6, 1);
  const Refusal refusal = Refused(spec, {.vcpus = 8, .memory_mib = 5000});
  EXPECT_TRUE(refusal.nearest.empty()) << "neither alone would help";
  EXPECT_EQ(Refused(spec, Dedicated(8)).nearest.at("vcpus"), 6);
  EXPECT_EQ(Refused(spec, {.vcpus = 1, .memory_mib = 5000}).nearest.at("memory_mib"), 4096);
  EXPECT_EQ(Refused(spec, Dedicated(8)).reasons[0],
            (Reason{.resource = "dedicated_cpus", .node = 0, .wanted = 8, .free = 6}));
}

}  // namespace
}  // namespace berth::placement
