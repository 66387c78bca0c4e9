// SPDX-License-Identifier: Apache-2.0
// Over any sequence of guests coming and going: what is charged never exceeds what there is to
// give, and a guest is refused only when it truly has no room.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "scheduler/place.h"

namespace berth::scheduler {
namespace {

// Where the reserve is more than there is, there is nothing to give, not less than nothing.
bool Within(const model::Resources& used, const model::Resources& limit) {
  const auto holds = [](int64_t taken, int64_t most) {
    return taken <= std::max<int64_t>(most, 0);
  };
  return holds(used.vcpus, limit.vcpus) && holds(used.memory_mib, limit.memory_mib) &&
         holds(used.disk_mib, limit.disk_mib);
}

Host AnyHost() {
  Host host;
  host.capacity.total = {.vcpus = *rc::gen::inRange<int64_t>(0, 65),
                         .memory_mib = *rc::gen::inRange<int64_t>(0, 65537),
                         .disk_mib = *rc::gen::inRange<int64_t>(0, 200000)};
  host.capacity.reserved = {.vcpus = *rc::gen::inRange<int64_t>(0, 4),
                            .memory_mib = *rc::gen::inRange<int64_t>(0, 2048),
                            .disk_mib = *rc::gen::inRange<int64_t>(0, 1000)};
  host.capacity.cpu_overcommit = *rc::gen::element(1.0, 1.5, 4.0);
  return host;
}

Demand AnyDemand() {
  Demand demand;
  demand.shape = {.vcpus = *rc::gen::inRange(1, 33),
                  .memory_mib = *rc::gen::inRange<int64_t>(16, 16385)};
  demand.traits = {.disks = *rc::gen::inRange(1, 4),
                   .root_disk_mib = *rc::gen::inRange<int64_t>(0, 40000),
                   .direct_kernel = *rc::gen::arbitrary<bool>(),
                   .emulated = *rc::gen::arbitrary<bool>()};
  demand.with_disk = *rc::gen::arbitrary<bool>();
  return demand;
}

// The rule, said once more without the code under test.
bool HasRoom(const Host& host, const Demand& demand) {
  const model::Resources give = host.capacity.Allocatable();
  const int64_t memory = demand.shape.memory_mib + OverheadMib(demand.shape, demand.traits);
  const int64_t disk = demand.with_disk ? DiskMib(demand.traits.root_disk_mib) : 0;
  return demand.shape.vcpus <= host.capacity.total.vcpus - host.capacity.reserved.vcpus &&
         host.allocated.vcpus + demand.shape.vcpus <= give.vcpus &&
         host.allocated.memory_mib + memory <= give.memory_mib &&
         (disk == 0 || host.allocated.disk_mib + disk <= give.disk_mib);
}

void GuestsComeAndGo() {
  Host host = AnyHost();
  std::vector<model::Resources> held;
  for (int i = 0; i < 40; ++i) {
    if (!held.empty() && *rc::gen::inRange(0, 4) == 0) {
      const auto gone = *rc::gen::inRange<size_t>(0, held.size());
      host.allocated -= held[gone];
      held.erase(held.begin() + static_cast<std::ptrdiff_t>(gone));
      continue;
    }
    const Demand demand = AnyDemand();
    const auto placed = Place(host, demand);
    RC_ASSERT(placed.ok() == HasRoom(host, demand));
    if (!placed.ok()) continue;
    held.push_back(placed->run + placed->disk);
    host.allocated += held.back();
    RC_ASSERT(Within(host.allocated, host.capacity.Allocatable()));
  }
}

TEST(PlacePropertyTest, NeverAWrongYesAndNeverAWrongNo) {
  EXPECT_TRUE(rc::check("claims stay within what there is to give", GuestsComeAndGo));
}

TEST(PlacePropertyTest, TheSameInputGivesTheSameAnswer) {
  EXPECT_TRUE(rc::check("placing is a function", [] {
    const Host host = AnyHost();
    const Demand demand = AnyDemand();
    const auto first = Place(host, demand);
    const auto second = Place(host, demand);
    RC_ASSERT(first.ok() == second.ok());
    if (first.ok()) RC_ASSERT(*first == *second);
    if (!first.ok()) RC_ASSERT(first.status() == second.status());
  }));
}

}  // namespace
}  // namespace berth::scheduler
