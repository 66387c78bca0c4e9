// SPDX-License-Identifier: Apache-2.0
#include "agent/node/book.h"

#include "scheduler/host_of.h"

namespace berth::node {

placement::Claim BookedClaim(const model::Claim& claim, int first_node) {
  placement::Claim booked{.id = claim.id,
                          .tenant = claim.tenant_id,
                          .core_sharing = claim.core_sharing,
                          .cells = {},
                          .devices = claim.placement.devices};
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

const placement::Host& Book::At(const model::NodeView& view) {
  view.claims.DiffFrom(
      claims_, [this](const std::string& id, const auto&) { host_.Remove(id); },
      [this](const std::string&, const auto& claim) {
        host_.Add(BookedClaim(*claim, first_node_));
      });
  claims_ = view.claims;
  return host_;
}

scheduler::Room Book::RoomAt(const model::NodeView& view) {
  return {At(view), disk_mib_ - view.allocated.disk_mib};
}

}  // namespace berth::node
