// SPDX-License-Identifier: Apache-2.0
#include "agent/node/foreign.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace berth::node {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Two nodes of 4 CPUs, the second with three times the memory; of each one CPU is the host's, one
// shared (on node 1 two) and the rest dedicated.
placement::HostSpec Host() {
  placement::HostSpec host;
  host.nodes = {{.id = 0, .memory_mib = 1000, .cores = {{0}, {1}, {2}, {3}}},
                {.id = 1, .memory_mib = 3000, .cores = {{4}, {5}, {6}, {7}}}};
  host.reserved_cpus = {0, 4};
  host.shared_cpus = CpuSet{1, 5, 6};
  host.dedicated_cpus = CpuSet{2, 3, 7};
  return host;
}

model::Claim Charged(model::ForeignGuest guest) {
  guest.uuid = "u";
  ForeignHoldings holdings = HoldingsOf({std::move(guest)}, Host());
  EXPECT_EQ(holdings.held, holdings.claims.front().held);
  return holdings.claims.front();
}

TEST(ForeignTest, WithoutPinsVcpusFollowTheSharedCpusAndMemoryTheSizes) {
  const model::Claim claim = Charged({.vcpus = 4, .memory_mib = 402});
  ASSERT_EQ(claim.placement.cells.size(), 2u);
  EXPECT_THAT(claim.placement.cells[0].shared_vcpus, ElementsAre(0));
  EXPECT_THAT(claim.placement.cells[1].shared_vcpus, ElementsAre(1, 2, 3));
  EXPECT_EQ(claim.placement.cells[0].memory_mib, 101);
  EXPECT_EQ(claim.placement.cells[1].memory_mib, 301);
  EXPECT_EQ(claim.held, (model::Resources{.vcpus = 4, .memory_mib = 402}));
}

TEST(ForeignTest, PinsToDedicatedCpusTakeThem) {
  const model::Claim claim =
      Charged({.vcpus = 3, .memory_mib = 0, .holds = {.vcpu_pins = {{2}, {3, 7}, {1, 2}}}});
  EXPECT_EQ(claim.placement.cells[0].charged_cpus, (CpuSet{2, 3}));
  EXPECT_EQ(claim.placement.cells[1].charged_cpus, CpuSet{7});
  EXPECT_THAT(claim.placement.cells[0].shared_vcpus, ElementsAre(2))
      << "it may run on a shared one";
  EXPECT_EQ(claim.held, (model::Resources{.vcpus = 1, .dedicated_cpus = 3}));
}

TEST(ForeignTest, WhatRunsOnTheHostsOwnCpusIsTheHosts) {
  const model::Claim claim = Charged({.vcpus = 1, .holds = {.vcpu_pins = {{0, 4}}}});
  EXPECT_THAT(claim.placement.cells, IsEmpty());
}

TEST(ForeignTest, MemoryIsWhereItIsBoundOrLies) {
  EXPECT_EQ(
      Charged({.memory_mib = 64, .holds = {.bound_nodes = {0}}}).placement.cells[0].memory_mib, 64);
  const model::Claim seen =
      Charged({.memory_mib = 64, .holds = {.resident_mib = {{0, 3}, {1, 1}, {9, 50}}}});
  EXPECT_EQ(seen.placement.cells[0].memory_mib, 48);
  EXPECT_EQ(seen.placement.cells[1].memory_mib, 16);
}

TEST(ForeignTest, LargePagesAreCountedInTheirPool) {
  const model::Claim claim =
      Charged({.memory_mib = 64, .holds = {.bound_nodes = {1}, .page_size_kib = 2048}});
  ASSERT_EQ(claim.placement.cells.size(), 1u);
  EXPECT_EQ(claim.placement.cells[0].page_size_kib, 2048);
  EXPECT_EQ(claim.held.memory_mib, 0) << "no small pages";
}

}  // namespace
}  // namespace berth::node
