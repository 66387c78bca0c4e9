// SPDX-License-Identifier: Apache-2.0
#include "agent/node/book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/node/over_commitment.h"
#include "core/base/random.h"

namespace berth::node {
namespace {

const ForeignPtr kNoForeign = std::make_shared<const ForeignHoldings>();

model::Topology TwoNodes() {
  model::Topology topology;
  for (int n = 0; n < 2; ++n) {
    model::NumaNode node{.id = n, .memory_mib = 4096};
    for (int c = 0; c < 4; ++c) node.cores.push_back({{n * 4 + c}});
    topology.nodes.push_back(node);
  }
  return topology;
}

model::Capacity Capacity() {
  model::Capacity capacity{.total = {.vcpus = 8, .memory_mib = 8192, .disk_mib = 1000}};
  capacity.shared_cpus = {0, 1, 4, 5};
  capacity.dedicated_cpus = {2, 3, 6, 7};
  return capacity;
}

std::shared_ptr<const model::Claim> OnCpu(const std::string& id, int cpu) {
  model::Claim claim{.id = id, .held = {.memory_mib = 10, .dedicated_cpus = 1}, .overhead_mib = 10};
  claim.placement.cells.push_back({.node = cpu / 4, .charged_cpus = {cpu}});
  return std::make_shared<const model::Claim>(std::move(claim));
}

TEST(BookTest, HasExactlyTheClaimsOfTheViewItIsAskedFor) {
  Book book(TwoNodes(), Capacity());
  const placement::Host empty = book.At({}, kNoForeign);
  model::NodeView view;
  view.claims.Put("c-1", OnCpu("c-1", 2));
  EXPECT_EQ(book.At(view, kNoForeign).books()[0].cores[2].free, 0U);
  EXPECT_EQ(book.At(view, kNoForeign).books()[0].small_used_mib, 10);
  // As after a transaction that was taken back.
  EXPECT_TRUE(book.At({}, kNoForeign) == empty);
}

// Whatever the order in which views come: as if the book were made anew for each.
TEST(BookTest, KeepsUpWithAnySequenceOfViews) {
  const auto random = MakeSeededRandom(5);
  Book book(TwoNodes(), Capacity());
  std::vector<model::NodeView> views(1);
  for (int i = 0; i < 200; ++i) {
    model::NodeView view = views[random->Next() % views.size()];
    const int cpu = static_cast<int>(random->Next() % 8);
    const std::string id = "c-" + std::to_string(cpu);
    if (random->Next() % 3 == 0)
      view.claims.Erase(id);
    else
      view.claims.Put(id, OnCpu(id, cpu));
    Book fresh(TwoNodes(), Capacity());
    ASSERT_TRUE(book.At(view, kNoForeign) == fresh.At(view, kNoForeign));
    views.push_back(std::move(view));
  }
}

TEST(BookTest, AClaimThatSaysNoPlaceIsChargedToTheFirstNode) {
  Book book(TwoNodes(), Capacity());
  model::NodeView view;
  view.claims.Put("c-1", std::make_shared<const model::Claim>(
                             model::Claim{.id = "c-1", .held = {.vcpus = 2, .memory_mib = 300}}));
  EXPECT_EQ(book.At(view, kNoForeign).books()[0].shared_vcpus_used, 2);
  EXPECT_EQ(book.At(view, kNoForeign).books()[0].small_used_mib, 300);
}

TEST(BookTest, SaysWhatDiskIsLeft) {
  Book book(TwoNodes(), Capacity());
  model::NodeView view;
  view.allocated.disk_mib = 1200;
  EXPECT_EQ(book.RoomAt(view, kNoForeign, {}).disk_left_mib, -200);
}

TEST(BookTest, ForeignGuestsComeAndGo) {
  Book book(TwoNodes(), Capacity());
  const placement::Host empty = book.At({}, kNoForeign);
  model::Claim claim = *OnCpu("of foreign guest a", 2);
  claim.owner = model::ClaimOwner::kForeignGuest;
  const auto foreign = std::make_shared<const ForeignHoldings>(ForeignHoldings{{}, {claim}, {}});
  // Beside a claim of the ledger's on the same CPU, as when it came after that.
  model::NodeView view;
  view.claims.Put("c-1", OnCpu("c-1", 2));
  EXPECT_EQ(book.At(view, foreign).books()[0].small_used_mib, 20);
  EXPECT_EQ(book.At({}, foreign).books()[0].cores[2].free, 0U);
  EXPECT_EQ(book.At({}, foreign).claims().begin()->second.core_sharing, std::nullopt);
  EXPECT_EQ(book.At(view, kNoForeign).books()[0].cores[2].free, 0U);
  EXPECT_TRUE(book.At({}, kNoForeign) == empty);
}

TEST(BookTest, WhatCannotBeHadAnyMoreIsNamed) {
  Book book(TwoNodes(), Capacity());
  model::NodeView view;
  EXPECT_TRUE(OverCommitments(book.At(view, kNoForeign)).empty());
  auto gone = *OnCpu("c-1", 9);  // There are CPUs 0 to 7.
  gone.placement.cells.front().node = 1;
  auto large = *OnCpu("c-2", 2);
  large.placement.cells.front().memory_mib = 5000;
  view.claims.Put("c-1", std::make_shared<const model::Claim>(gone));
  view.claims.Put("c-2", std::make_shared<const model::Claim>(large));
  view.claims.Put("c-3", OnCpu("c-3", 2));
  EXPECT_THAT(
      OverCommitments(book.At(view, kNoForeign)),
      testing::ElementsAre("node 0: 5020 MiB of memory are held of 4096",
                           "CPUs 9 are held and cannot be had any more", "CPUs 2 are held twice"));
}

model::NodeView WithPages(model::InstanceState state) {
  model::NodeView view;
  model::Claim claim{.id = "c-1", .owner_id = "i-1"};
  claim.placement.cells.push_back({.node = 1, .memory_mib = 200, .page_size_kib = 2048});
  view.claims.Put("c-1", std::make_shared<const model::Claim>(claim));
  view.instances.Put("i-1", std::make_shared<const model::InstanceRecord>(
                                model::InstanceRecord{.id = "i-1", .state = state}));
  return view;
}

// Of 400 pages 100 are claimed.
TEST(BookTest, PagesThatOthersTookAreNotGivenOut) {
  model::Topology topology = TwoNodes();
  topology.nodes[1].pages = {{2048, 400, 400}};
  Book book(topology, Capacity());
  const auto free = [&](model::InstanceState state, int64_t kernel_free) {
    model::Topology now = topology;
    now.nodes[1].pages[0].free = kernel_free;
    return book.RoomAt(WithPages(state), kNoForeign, now).host.books()[1].pools[0].free;
  };
  EXPECT_EQ(free(model::InstanceState::kRunning, 300), 300);
  EXPECT_EQ(free(model::InstanceState::kRunning, 250), 250) << "an outsider has 50";
  EXPECT_EQ(free(model::InstanceState::kPending, 400), 300)
      << "the guest has not taken its own yet";
  EXPECT_EQ(free(model::InstanceState::kPending, 350), 250);
  EXPECT_EQ(free(model::InstanceState::kPending, 20), 0);
  EXPECT_EQ(book.At(WithPages(model::InstanceState::kRunning), kNoForeign).books()[1].pools[0].free,
            300);
}

}  // namespace
}  // namespace berth::node
