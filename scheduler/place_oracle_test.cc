// SPDX-License-Identifier: Apache-2.0
// Place against trying everything: never a wrong yes, never a wrong no, every placement valid, and
// the best by the order. The quick run takes a share of the cases;
//   BERTH_PLACE_STEP=1 BERTH_PLACE_DECISIONS=2000000 …/scheduler_test --gtest_filter='PlaceOracle*'
// takes all small ones and as many drawn ones; BERTH_PLACE_FIRST is the first number drawn (1).
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "scheduler/place_exact.h"
#include "scheduler/place_oracle.h"
#include "scheduler/place_oracle_cases.h"

namespace berth::placement {
namespace {

// The same guest with just the cells that it was given.
Request WithCellsOf(const Placement& placement, Request request) {
  request.numa = {.kind = Numa::Kind::kExplicit, .cells = 0, .explicit_cells = {}};
  request.node_set.emplace();
  for (const PlacedCell& cell : placement.cells) {
    request.node_set->push_back(cell.node);
    GuestCell guest{
        {}, cell.shared_vcpus, cell.memory_mib, {PageSize::Kind::kExact, cell.page_size_kib}};
    for (const auto& [vcpu, cpu] : cell.vcpu_pins) guest.dedicated_vcpus.push_back(vcpu);
    request.numa.explicit_cells.push_back(std::move(guest));
  }
  return request;
}

// No CPU twice, none that another holds, none but of its node; and such cells may be on such nodes.
void ExpectValid(const Case& tried, const Placement& placement) {
  std::vector<int> pins;
  CpuSet charged;
  for (const PlacedCell& cell : placement.cells) {
    CpuSet of_node;
    for (const Node& node : tried.host.nodes)
      if (node.id == cell.node)
        for (const auto& core : node.cores)
          for (const int cpu : core) of_node.Add(cpu);
    EXPECT_TRUE((cell.charged_cpus - of_node).empty());
    EXPECT_FALSE(charged.Intersects(cell.charged_cpus));
    charged |= cell.charged_cpus;
    for (const auto& [vcpu, cpu] : cell.vcpu_pins) {
      pins.push_back(cpu);
      EXPECT_TRUE(cell.charged_cpus.Has(cpu));
    }
  }
  EXPECT_EQ(CpuSet(pins).Count(), static_cast<int>(pins.size()));
  EXPECT_FALSE(charged.Intersects(tried.host.reserved_cpus));
  EXPECT_TRUE((charged - tried.host.dedicated_cpus.value_or(charged)).empty());
  EXPECT_FALSE(charged.Intersects(tried.host.shared_cpus.value_or(CpuSet())));
  for (const Claim& claim : tried.host.claims)
    for (const ClaimCell& cell : claim.cells) EXPECT_FALSE(charged.Intersects(cell.dedicated_cpus));
  EXPECT_TRUE(PlaceByTryingAll(tried.host, WithCellsOf(placement, tried.request)).has_value());
}

// Distances to devices count as well, which the oracle leaves out; they come last.
OracleRank Comparable(OracleRank rank, const Request& request) {
  if (!request.devices.empty()) rank.distance = 0;
  return rank;
}

std::string ToText(const OracleRank& rank) {
  return "cells " + std::to_string(rank.cells) + ", sockets " + std::to_string(rank.sockets) +
         ", caches " + std::to_string(rank.caches) + ", cores " + std::to_string(rank.cores) +
         ", broken " + std::to_string(rank.broken_cores) + ", unevenness " +
         std::to_string(rank.unevenness) + ", distance " + std::to_string(rank.distance);
}

// True: it was a yes.
bool Compare(const Case& tried) {
  const auto expected = PlaceByTryingAll(tried.host, tried.request);
  const Answer answer = Place(Host(tried.host), tried.request);
  const auto* placement = std::get_if<Placement>(&answer);
  EXPECT_EQ(placement != nullptr, expected.has_value()) << Describe(tried);
  if (placement == nullptr || !expected) return false;
  ExpectValid(tried, *placement);
  const OracleRank best = Comparable(*expected, tried.request);
  const OracleRank rank =
      Comparable(RankByLooking(tried.host, tried.request, *placement), tried.request);
  EXPECT_TRUE(rank == best) << "placed: " << ToText(rank) << "\nbest:   " << ToText(best);
  if (testing::Test::HasFailure()) ADD_FAILURE() << Describe(tried);
  return true;
}

int64_t Setting(const char* name, int64_t otherwise) {
  const char* text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  return text == nullptr ? otherwise : std::atoll(text);
}

void Report(const char* what, int64_t decisions, int64_t yes) {
  std::printf("%lld %s decisions, %lld of them yes\n", static_cast<long long>(decisions), what,
              static_cast<long long>(yes));
  EXPECT_GT(yes, decisions / 20);
  EXPECT_LT(yes, decisions * 19 / 20);
}

TEST(PlaceOracleTest, EverySmallCase) {
  int64_t yes = 0;
  const int64_t decisions = EachSmallCase(Setting("BERTH_PLACE_STEP", 101), [&](const Case& tried) {
    if (!testing::Test::HasFailure() && Compare(tried)) ++yes;
  });
  Report("enumerated", decisions, yes);
}

TEST(PlaceOracleTest, DrawnCases) {
  const int64_t decisions = Setting("BERTH_PLACE_DECISIONS", 20'000);
  const int64_t first = Setting("BERTH_PLACE_FIRST", 1);
  int64_t yes = 0;
  for (int64_t n = first; n < first + decisions; ++n) {
    SCOPED_TRACE("BERTH_PLACE_FIRST=" + std::to_string(n));
    if (Compare(DrawCase(static_cast<uint64_t>(n)))) ++yes;
    ASSERT_FALSE(HasFailure());
  }
  Report("drawn", decisions, yes);
}

}  // namespace
}  // namespace berth::placement
