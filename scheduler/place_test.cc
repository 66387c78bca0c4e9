// SPDX-License-Identifier: Apache-2.0
#include "scheduler/place.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth::scheduler {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr GuestTraits kTraits{.disks = 1, .emulated = false};

// 8 CPUs, one kept back; 7 to give, shared twice.
Host SmallHost() {
  Host host;
  host.capacity.total = {.vcpus = 8, .memory_mib = 8192, .disk_mib = 100000};
  host.capacity.reserved = {.vcpus = 1, .memory_mib = 1024, .disk_mib = 10000};
  host.capacity.cpu_overcommit = 2.0;
  return host;
}

Demand Wanted(int32_t vcpus, int64_t memory_mib) {
  return {.shape = {.vcpus = vcpus, .memory_mib = memory_mib}, .traits = kTraits};
}

std::string Meta(const Status& status, const std::string& key) {
  const auto metadata = DetailsOf(status).metadata;
  const auto it = metadata.find(key);
  return it == metadata.end() ? "" : it->second;
}

TEST(PlaceTest, ChargesTheGuestItsOverheadAndItsDisk) {
  Demand demand = Wanted(2, 1024);
  demand.traits.root_disk_mib = 4096;
  const auto placed = Place(SmallHost(), demand);
  ASSERT_TRUE(placed.ok()) << placed.status();
  EXPECT_EQ(placed->overhead_mib, OverheadMib(demand.shape, demand.traits));
  EXPECT_EQ(placed->run, (model::Resources{.vcpus = 2, .memory_mib = 1024 + placed->overhead_mib}));
  EXPECT_EQ(placed->disk, (model::Resources{.disk_mib = DiskMib(4096)}));
}

TEST(PlaceTest, NamesTheShortResourceAndByHowMuch) {
  Host host = SmallHost();
  host.allocated.memory_mib = 7168 - 1536;
  const Demand demand = Wanted(1, 2048 - OverheadMib({.vcpus = 1, .memory_mib = 2010}, kTraits));
  const Status status = Place(host, demand).status();
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(status), reasons::kInsufficientCapacity);
  EXPECT_EQ(status.message(), "short of memory by 512 MiB: 2048 wanted, 1536 free");
  EXPECT_EQ(Meta(status, "memory_mib_wanted"), "2048");
  EXPECT_EQ(Meta(status, "memory_mib_free"), "1536");
  EXPECT_EQ(Meta(status, "memory_mib_short"), "512");
  EXPECT_EQ(Meta(status, "vcpus_wanted"), "");
}

TEST(PlaceTest, NamesEveryShortResourceAtOnce) {
  Host host = SmallHost();
  host.allocated = {.vcpus = 13, .memory_mib = 7000, .disk_mib = 89995};
  const Status status = Place(host, Wanted(4, 4096)).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("short of vCPUs by 3: 4 wanted, 1 free"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("short of memory by"));
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("short of disk by 5 MiB: 10 wanted, 5 free"));
  EXPECT_EQ(Meta(status, "nearest_vcpus"), "") << "fewer vCPUs alone would not help";
}

TEST(PlaceTest, TheNearestShapesFitExactly) {
  Host host = SmallHost();
  host.allocated = {.vcpus = 11, .memory_mib = 7168 - 1536};
  const Status narrow = Place(host, Wanted(5, 512)).status();
  ASSERT_EQ(Meta(narrow, "nearest_vcpus"), "3");
  EXPECT_TRUE(Place(host, Wanted(3, 512)).ok());

  const Status small = Place(host, Wanted(1, 4096)).status();
  const int64_t nearest = std::stoll(Meta(small, "nearest_memory_mib"));
  EXPECT_TRUE(Place(host, Wanted(1, nearest)).ok());
  EXPECT_FALSE(Place(host, Wanted(1, nearest + 1)).ok());
}

TEST(PlaceTest, OvercommitIsBetweenGuestsNeverWithinOne) {
  EXPECT_TRUE(Place(SmallHost(), Wanted(7, 512)).ok());
  const Status status = Place(SmallHost(), Wanted(8, 512)).status();
  EXPECT_EQ(ReasonOf(status), reasons::kInsufficientCapacity);
  EXPECT_THAT(std::string(status.message()), HasSubstr("wider than the 7 CPUs"));
  Host half = SmallHost();
  half.allocated.vcpus = 7;
  EXPECT_TRUE(Place(half, Wanted(7, 512)).ok()) << "two guests share the same CPUs";
}

TEST(PlaceTest, TheHostReserveIsNeverGivenOut) {
  Host host = SmallHost();
  host.capacity.cpu_overcommit = 1.0;
  const int64_t overhead = OverheadMib({.vcpus = 1, .memory_mib = 7000}, kTraits);
  EXPECT_TRUE(Place(host, Wanted(1, 7168 - overhead)).ok());
  EXPECT_FALSE(Place(host, Wanted(1, 7168 - overhead + 1)).ok());
}

TEST(PlaceTest, AnOverCommittedHostTakesNothingMoreOfWhatIsShort) {
  Host host = SmallHost();
  host.allocated.disk_mib = 90500;
  const Status status = Place(host, Wanted(1, 512)).status();
  EXPECT_EQ(status.message(),
            "short of disk by 510 MiB: 10 wanted, 0 free (over-committed by 500)");
  Demand start = Wanted(1, 512);
  start.with_disk = false;
  EXPECT_TRUE(Place(host, start).ok()) << "it wants no disk, so it lacks none";
}

TEST(PlaceTest, AHostWithNothingToGiveSaysSo) {
  const Status status = Place(Host{}, Wanted(1, 512)).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("0 free"));
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("-")));
}

}  // namespace
}  // namespace berth::scheduler
