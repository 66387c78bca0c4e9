// SPDX-License-Identifier: Apache-2.0
#include "agent/node/book.h"

#include <gtest/gtest.h>

#include "core/base/random.h"

namespace berth::node {
namespace {

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
  const placement::Host empty = book.At({});
  model::NodeView view;
  view.claims.Put("c-1", OnCpu("c-1", 2));
  EXPECT_EQ(book.At(view).books()[0].cores[2].free, 0U);
  EXPECT_EQ(book.At(view).books()[0].small_used_mib, 10);
  // As after a transaction that was taken back.
  EXPECT_TRUE(book.At({}) == empty);
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
    ASSERT_TRUE(book.At(view) == fresh.At(view));
    views.push_back(std::move(view));
  }
}

TEST(BookTest, AClaimThatSaysNoPlaceIsChargedToTheFirstNode) {
  Book book(TwoNodes(), Capacity());
  model::NodeView view;
  view.claims.Put("c-1", std::make_shared<const model::Claim>(
                             model::Claim{.id = "c-1", .held = {.vcpus = 2, .memory_mib = 300}}));
  EXPECT_EQ(book.At(view).books()[0].shared_vcpus_used, 2);
  EXPECT_EQ(book.At(view).books()[0].small_used_mib, 300);
}

TEST(BookTest, SaysWhatDiskIsLeft) {
  Book book(TwoNodes(), Capacity());
  model::NodeView view;
  view.allocated.disk_mib = 1200;
  EXPECT_EQ(book.RoomAt(view, {}).disk_left_mib, -200);
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
    return book.RoomAt(WithPages(state), now).host.books()[1].pools[0].free;
  };
  EXPECT_EQ(free(model::InstanceState::kRunning, 300), 300);
  EXPECT_EQ(free(model::InstanceState::kRunning, 250), 250) << "an outsider has 50";
  EXPECT_EQ(free(model::InstanceState::kPending, 400), 300)
      << "the guest has not taken its own yet";
  EXPECT_EQ(free(model::InstanceState::kPending, 350), 250);
  EXPECT_EQ(free(model::InstanceState::kPending, 20), 0);
  EXPECT_EQ(book.At(WithPages(model::InstanceState::kRunning)).books()[1].pools[0].free, 300);
}

}  // namespace
}  // namespace berth::node
