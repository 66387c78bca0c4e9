// SPDX-License-Identifier: Apache-2.0
#include "agent/node/book.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "scheduler/host_of.h"

namespace berth::node {
namespace {

// No claim of the ledger has a space in its id.
constexpr char kOthers[] = "of others";

using PageCounts = std::map<std::pair<int, int64_t>, int64_t>;  // By node and page size.

// Of claims whose guests are not there: not yet, or not now.
PageCounts PagesNotYetTaken(const model::NodeView& view) {
  PageCounts pages;
  view.claims.ForEach([&](const std::string&, const auto& claim) {
    const auto owner = view.instances.Find(claim->owner_id);
    const bool there = owner != nullptr && owner->state != model::InstanceState::kPending &&
                       owner->state != model::InstanceState::kStopped;
    if (there) return;
    for (const model::PlacedCell& cell : claim->placement.cells)
      if (cell.page_size_kib > model::kBasePageKib)
        pages[{cell.node, cell.page_size_kib}] += cell.memory_mib * 1024 / cell.page_size_kib;
  });
  return pages;
}

}  // namespace

placement::Claim BookedClaim(const model::Claim& claim, int first_node) {
  placement::Claim booked{.id = claim.id,
                          .tenant = claim.tenant_id,
                          .core_sharing = claim.core_sharing,
                          .cells = {},
                          .devices = claim.placement.devices};
  // Whether others may sit beside it is not known.
  if (claim.owner == model::ClaimOwner::kForeignGuest) booked.core_sharing.reset();
  for (const model::PlacedCell& cell : claim.placement.cells)
    booked.cells.push_back({.node = cell.node,
                            .dedicated_cpus = cell.charged_cpus,
                            .shared_vcpus = static_cast<int64_t>(cell.shared_vcpus.size()),
                            .memory_mib = cell.memory_mib,
                            .page_size_kib = cell.page_size_kib});
  const bool placed = !booked.cells.empty();
  const int node = placed ? booked.cells.front().node : first_node;
  const int64_t vcpus = placed ? 0 : claim.held.vcpus;
  const int64_t memory_mib = placed ? claim.overhead_mib : claim.held.memory_mib;
  if (vcpus > 0 || memory_mib > 0)
    booked.cells.push_back({.node = node, .shared_vcpus = vcpus, .memory_mib = memory_mib});
  return booked;
}

Book::Book(const model::Topology& topology, const model::Capacity& capacity)
    : disk_mib_(capacity.Allocatable().disk_mib),
      first_node_(topology.nodes.empty() ? 0 : topology.nodes.front().id),
      host_(placement::HostSpecOf(topology, capacity)) {}

const placement::Host& Book::At(const model::NodeView& view, const ForeignPtr& foreign) {
  if (std::exchange(others_booked_, false)) host_.Remove(kOthers);
  view.claims.DiffFrom(
      claims_, [this](const std::string& id, const auto&) { host_.Remove(id); },
      [this](const std::string&, const auto& claim) {
        host_.Add(BookedClaim(*claim, first_node_));
      });
  claims_ = view.claims;
  Follow(foreign);
  return host_;
}

void Book::Follow(const ForeignPtr& foreign) {
  if (foreign == foreign_) return;
  if (foreign_ == nullptr || foreign_->claims != foreign->claims) {
    if (foreign_ != nullptr)
      for (const model::Claim& claim : foreign_->claims) host_.Remove(claim.id);
    for (const model::Claim& claim : foreign->claims) host_.Add(BookedClaim(claim, first_node_));
  }
  foreign_ = foreign;
}

scheduler::Room Book::RoomAt(const model::NodeView& view, const ForeignPtr& foreign,
                             const model::Topology& now) {
  At(view, foreign);
  if (placement::Claim others = PagesOfOthers(view, now); !others.cells.empty()) {
    host_.Add(std::move(others));
    others_booked_ = true;
  }
  return {host_, disk_mib_ - view.allocated.disk_mib};
}

placement::Claim Book::PagesOfOthers(const model::NodeView& view,
                                     const model::Topology& now) const {
  placement::Claim others{.id = kOthers, .tenant = "", .core_sharing = {}, .cells = {}};
  std::optional<PageCounts> waiting;  // Looked for only where there are pools.
  for (const model::NumaNode& node : now.nodes) {
    const int index = host_.NodeIndex(node.id);
    if (index < 0) continue;
    for (const placement::PoolBook& book : host_.books()[static_cast<size_t>(index)].pools)
      for (const model::PagePool& pool : node.pages) {
        if (pool.size_kib != book.size_kib || book.total == 0) continue;
        if (!waiting) waiting = PagesNotYetTaken(view);
        const int64_t left = pool.free - (*waiting)[{node.id, pool.size_kib}];
        if (book.free > left)
          others.cells.push_back(
              {.node = node.id,
               .memory_mib = (book.free - std::max<int64_t>(0, left)) * pool.size_kib / 1024,
               .page_size_kib = pool.size_kib});
      }
  }
  return others;
}

}  // namespace berth::node
