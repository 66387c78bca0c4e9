// SPDX-License-Identifier: Apache-2.0
#include "scheduler/place.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/base/reasons.h"
#include "scheduler/host_of.h"

namespace berth::scheduler {
namespace {

using placement::Host;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr GuestTraits kTraits{.disks = 1, .emulated = false};
constexpr int64_t kMuchDisk = 90000;

// 8 CPUs, one kept back; 7 to give, shared twice; of 8 GiB one kept back.
placement::HostSpec SmallHost() {
  model::NumaNode node{.memory_mib = 8192};
  for (int cpu = 0; cpu < 8; ++cpu) node.cores.push_back({{cpu}});
  model::Capacity capacity;
  capacity.reserved = {.vcpus = 1, .memory_mib = 1024};
  capacity.cpu_overcommit = 2.0;
  capacity.shared_cpus = {1, 2, 3, 4, 5, 6, 7};
  return placement::HostSpecOf({{node}}, capacity);
}

// With so much held by others.
Host Held(int64_t vcpus, int64_t memory_mib) {
  placement::HostSpec spec = SmallHost();
  placement::Claim claim{.id = "others", .tenant = "b", .core_sharing = {}, .cells = {}};
  // No guest is wider than the host.
  for (; vcpus > 0; vcpus -= 7)
    claim.cells.push_back({.shared_vcpus = std::min<int64_t>(vcpus, 7)});
  claim.cells.push_back({.memory_mib = memory_mib});
  spec.claims.push_back(claim);
  return Host(spec);
}

Demand Wanted(int32_t vcpus, int64_t memory_mib) {
  return {.shape = {.vcpus = vcpus, .memory_mib = memory_mib}, .tenant_id = "a", .traits = kTraits};
}

StatusOr<Charge> PlaceOn(const Host& host, const Demand& demand,
                         int64_t disk_left_mib = kMuchDisk) {
  return Place({host, disk_left_mib}, demand);
}

std::string Meta(const Status& status, const std::string& key) {
  const auto metadata = DetailsOf(status).metadata;
  const auto it = metadata.find(key);
  return it == metadata.end() ? "" : it->second;
}

TEST(PlaceTest, ChargesTheGuestItsOverheadAndItsDisk) {
  Demand demand = Wanted(2, 1024);
  demand.traits.root_disk_mib = 4096;
  const auto placed = PlaceOn(Host(SmallHost()), demand);
  ASSERT_TRUE(placed.ok()) << placed.status();
  EXPECT_EQ(placed->overhead_mib, OverheadMib(demand.shape, demand.traits));
  EXPECT_EQ(placed->run, (model::Resources{.vcpus = 2, .memory_mib = 1024 + placed->overhead_mib}));
  EXPECT_EQ(placed->disk, (model::Resources{.disk_mib = DiskMib(4096)}));
  ASSERT_EQ(placed->placement.cells.size(), 1U);
  EXPECT_EQ(placed->placement.cells[0].memory_mib, 1024);
  EXPECT_EQ(placed->placement.emulator_cpus, SmallHost().shared_cpus);
}

TEST(PlaceTest, ChargesDedicatedCpusByThemselves) {
  placement::HostSpec spec = SmallHost();
  spec.shared_cpus = CpuSet({1, 2});
  spec.dedicated_cpus = CpuSet({3, 4, 5, 6, 7});
  Demand demand = Wanted(3, 1024);
  demand.shape.cpu_policy = model::CpuPolicy::kDedicated;
  const auto placed = PlaceOn(Host(spec), demand);
  ASSERT_TRUE(placed.ok()) << placed.status();
  EXPECT_EQ(placed->run.vcpus, 0);
  EXPECT_EQ(placed->run.dedicated_cpus, 3);
  EXPECT_EQ(placed->placement.ChargedCpus(), CpuSet({3, 4, 5}));
}

TEST(PlaceTest, MemoryInLargePagesIsNotChargedAsSmallOnes) {
  placement::HostSpec spec = SmallHost();
  spec.nodes[0].pages.push_back({2048, 1024, 0});
  Demand demand = Wanted(1, 512);
  demand.shape.page_size.kind = model::PageSize::Kind::kLarge;
  const auto placed = PlaceOn(Host(spec), demand);
  ASSERT_TRUE(placed.ok()) << placed.status();
  EXPECT_EQ(placed->run.memory_mib, placed->overhead_mib);
  EXPECT_EQ(placed->placement.cells[0].page_size_kib, 2048);
}

TEST(PlaceTest, NamesTheShortResourceAndByHowMuch) {
  const Host host = Held(0, 7168 - 1536);
  const Demand demand = Wanted(1, 2048 - OverheadMib({.vcpus = 1, .memory_mib = 2010}, kTraits));
  const Status status = PlaceOn(host, demand).status();
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(status), reasons::kInsufficientCapacity);
  EXPECT_EQ(status.message(), "short of memory by 512 MiB: 2048 wanted, 1536 free");
  EXPECT_EQ(Meta(status, "memory_mib_wanted"), "2048");
  EXPECT_EQ(Meta(status, "memory_mib_free"), "1536");
  EXPECT_EQ(Meta(status, "memory_mib_short"), "512");
  EXPECT_EQ(Meta(status, "vcpus_wanted"), "");
}

TEST(PlaceTest, NamesEveryShortResourceAtOnce) {
  const Status status = PlaceOn(Held(13, 7000), Wanted(4, 4096), 5).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("short of vCPUs by 3: 4 wanted, 1 free"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("short of memory by"));
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("short of disk by 5 MiB: 10 wanted, 5 free"));
  EXPECT_EQ(Meta(status, "nearest_vcpus"), "") << "fewer vCPUs alone would not help";
}

TEST(PlaceTest, NamesTheNodeWhereThereAreSeveral) {
  placement::HostSpec spec = SmallHost();
  spec.nodes.push_back({.id = 3, .memory_mib = 64, .cores = {{8}}, .distances = {20, 10}});
  spec.nodes[0].distances = {10, 20};
  spec.shared_cpus->Add(8);
  const Status status = PlaceOn(Host(spec), Wanted(1, 1 << 20)).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("short of memory on node 3 by"));
  EXPECT_NE(Meta(status, "node3_memory_mib_wanted"), "");
}

TEST(PlaceTest, TheNearestShapesFitExactly) {
  const Host host = Held(11, 7168 - 1536);
  const Status narrow = PlaceOn(host, Wanted(5, 512)).status();
  ASSERT_EQ(Meta(narrow, "nearest_vcpus"), "3");
  EXPECT_TRUE(PlaceOn(host, Wanted(3, 512)).ok());

  const Status small = PlaceOn(host, Wanted(1, 4096)).status();
  const int64_t nearest = std::stoll(Meta(small, "nearest_memory_mib"));
  EXPECT_TRUE(PlaceOn(host, Wanted(1, nearest)).ok());
  EXPECT_FALSE(PlaceOn(host, Wanted(1, nearest + 1)).ok());
}

TEST(PlaceTest, OvercommitIsBetweenGuestsNeverWithinOne) {
  const Host empty(SmallHost());
  EXPECT_TRUE(PlaceOn(empty, Wanted(7, 512)).ok());
  const Status status = PlaceOn(empty, Wanted(8, 512)).status();
  EXPECT_EQ(ReasonOf(status), reasons::kInsufficientCapacity);
  EXPECT_THAT(std::string(status.message()), HasSubstr("wider than the 7 CPUs"));
  EXPECT_TRUE(PlaceOn(Held(7, 0), Wanted(7, 512)).ok()) << "two guests share the same CPUs";
}

TEST(PlaceTest, TheHostReserveIsNeverGivenOut) {
  const Host host(SmallHost());
  const int64_t overhead = OverheadMib({.vcpus = 1, .memory_mib = 7000}, kTraits);
  EXPECT_TRUE(PlaceOn(host, Wanted(1, 7168 - overhead)).ok());
  EXPECT_FALSE(PlaceOn(host, Wanted(1, 7168 - overhead + 1)).ok());
}

TEST(PlaceTest, AnOverCommittedHostTakesNothingMoreOfWhatIsShort) {
  const Status disk = PlaceOn(Held(0, 0), Wanted(1, 512), -500).status();
  EXPECT_EQ(disk.message(), "short of disk by 510 MiB: 10 wanted, 0 free (over-committed by 500)");
  Demand start = Wanted(1, 512);
  start.with_disk = false;
  EXPECT_TRUE(PlaceOn(Held(0, 0), start, -500).ok()) << "it wants no disk, so it lacks none";

  const Status vcpus = PlaceOn(Held(21, 0), Wanted(1, 512)).status();
  EXPECT_EQ(vcpus.message(), "short of vCPUs by 8: 1 wanted, 0 free (over-committed by 7)");
}

TEST(PlaceTest, AHostWithNothingToGiveSaysSo) {
  const Host host(placement::HostSpecOf({{model::NumaNode{}}}, {}));
  const Status status = PlaceOn(host, Wanted(1, 512), 0).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("0 free"));
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("-")));
}

}  // namespace
}  // namespace berth::scheduler
