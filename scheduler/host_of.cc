// SPDX-License-Identifier: Apache-2.0
#include "scheduler/host_of.h"

#include <fmt/format.h>

#include <algorithm>

namespace berth::placement {
namespace {

constexpr int kDistanceToSelf = 10;
constexpr int kDistanceToOther = 20;

void FillCaches(Node* node) {
  if (!node->llcs.empty()) return;
  node->llcs.emplace_back();
  for (const auto& core : node->cores)
    node->llcs.back().insert(node->llcs.back().end(), core.begin(), core.end());
}

int64_t SmallMib(const Node& node) {
  int64_t pooled_kib = 0;
  for (const PagePool& pool : node.pages) pooled_kib += pool.size_kib * pool.total;
  return std::max<int64_t>(0, node.memory_mib - (pooled_kib + 1023) / 1024);
}

void SpreadReserve(int64_t reserve_mib, std::vector<Node>* nodes) {
  int64_t left_mib = 0;
  for (const Node& node : *nodes) left_mib += SmallMib(node);
  for (Node& node : *nodes) {
    if (left_mib == 0) return;
    const int64_t small_mib = SmallMib(node);
    node.reserved_memory_mib =
        static_cast<int64_t>(static_cast<double>(reserve_mib) * static_cast<double>(small_mib) /
                             static_cast<double>(left_mib));
    reserve_mib -= node.reserved_memory_mib;
    left_mib -= small_mib;
  }
}

}  // namespace

std::vector<Node> NodesOf(const model::Topology& topology) {
  std::vector<Node> nodes;
  for (const model::NumaNode& from : topology.nodes) {
    Node node{.id = from.id, .socket = from.socket, .memory_mib = from.memory_mib};
    if (from.socket < 0) node.socket = -1 - from.id;
    for (const model::Core& core : from.cores) node.cores.push_back(core.cpus);
    node.llcs = from.llcs;
    FillCaches(&node);
    for (const model::PagePool& pool : from.pages)
      node.pages.push_back({pool.size_kib, pool.total, pool.total - pool.free});
    node.distances = from.distances;
    if (node.distances.empty()) {
      node.distances.assign(topology.nodes.size(), kDistanceToOther);
      node.distances[nodes.size()] = kDistanceToSelf;
    }
    nodes.push_back(std::move(node));
  }
  return nodes;
}

std::vector<Device> DevicesOf(const model::Topology& topology) {
  std::vector<Device> devices;
  for (const model::PciDevice& from : topology.devices)
    devices.push_back({.address = from.address,
                       .node = from.node,
                       .kind = "gpu",
                       .model = fmt::format("{:04x}:{:04x}", from.vendor_id, from.device_id),
                       .iommu_group = from.iommu_group});
  return devices;
}

HostSpec HostSpecOf(const model::Topology& topology, const model::Capacity& capacity) {
  HostSpec host;
  host.nodes = NodesOf(topology);
  host.devices = DevicesOf(topology);
  for (Node& node : host.nodes)
    for (PagePool& pool : node.pages) pool.used = 0;
  SpreadReserve(capacity.reserved.memory_mib, &host.nodes);
  host.shared_cpus = capacity.shared_cpus;
  host.dedicated_cpus = capacity.dedicated_cpus;
  for (const Node& node : host.nodes)
    for (const auto& core : node.cores)
      for (const int cpu : core)
        if (!capacity.shared_cpus.Has(cpu) && !capacity.dedicated_cpus.Has(cpu))
          host.reserved_cpus.Add(cpu);
  host.cpu_overcommit = capacity.cpu_overcommit;
  return host;
}

}  // namespace berth::placement
