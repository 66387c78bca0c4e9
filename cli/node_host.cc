// SPDX-License-Identifier: Apache-2.0
#include "cli/node_host.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "cli/all_pages.h"
#include "core/base/cpu_set.h"

namespace berth::cli {
namespace {

using placement::HostSpec;

StatusOr<CpuSet> CpusOf(const std::string& list, const char* what) {
  const auto cpus = ParseCpuList(list);
  if (!cpus)
    return Status(StatusCode::kDataLoss,
                  fmt::format("the agent's {}, \"{}\", is no list of CPUs", what, list));
  return *cpus;
}

StatusOr<placement::Node> NodeOf(const v1::NumaNode& from,
                                 const std::map<int, std::vector<int>>& cpus_of_cache) {
  placement::Node node{.id = from.node_id(),
                       .socket = -1 - from.node_id(),
                       .memory_mib = from.memory_mib(),
                       .reserved_memory_mib = from.reserved_memory_mib()};
  std::map<int, bool> caches;
  for (const v1::Core& core : from.cores()) {
    BERTH_ASSIGN_OR_RETURN(const CpuSet cpus, CpusOf(core.cpus(), "core"));
    node.cores.push_back(cpus.ToVector());
    node.socket = core.socket_id() >= 0 ? core.socket_id() : node.socket;
    const auto cache = cpus_of_cache.find(core.llc_id());
    if (cache != cpus_of_cache.end() && caches.emplace(core.llc_id(), true).second)
      node.llcs.push_back(cache->second);
  }
  for (const v1::PagePool& pool : from.page_pools())
    node.pages.push_back({pool.size_kib(), pool.total_count(), 0});
  node.distances.assign(from.distances().begin(), from.distances().end());
  return node;
}

StatusOr<placement::Claim> ClaimOf(const v1::Claim& from, int first_node) {
  placement::Claim claim{
      .id = from.claim_id(), .tenant = from.tenant_id(), .core_sharing = {}, .cells = {}};
  const v1::Placement& placement = from.placement();
  BERTH_ASSIGN_OR_RETURN(CpuSet charged, CpusOf(placement.charged_cpus(), "charged_cpus"));
  for (const v1::PlacementCell& cell : placement.cells()) {
    BERTH_ASSIGN_OR_RETURN(const CpuSet shared, CpusOf(cell.shared_vcpus(), "shared_vcpus"));
    claim.cells.push_back({.node = cell.node(),
                           .dedicated_cpus = {},
                           .shared_vcpus = shared.Count(),
                           .memory_mib = cell.memory_mib(),
                           .page_size_kib = cell.page_size_kib()});
  }
  if (placement.overhead_mib() > 0)
    claim.cells.push_back({.node = claim.cells.empty() ? first_node : claim.cells.front().node,
                           .memory_mib = placement.overhead_mib()});
  if (!claim.cells.empty()) claim.cells.front().dedicated_cpus = std::move(charged);
  claim.devices.assign(placement.devices().begin(), placement.devices().end());
  return claim;
}

// The wire says what a claim is charged over all; each CPU is of the cell on its node.
void DealCpus(const HostSpec& host, placement::Claim* claim) {
  if (claim->cells.empty()) return;
  const CpuSet all = std::exchange(claim->cells.front().dedicated_cpus, {});
  for (placement::ClaimCell& cell : claim->cells)
    for (const placement::Node& node : host.nodes)
      if (node.id == cell.node)
        for (const auto& core : node.cores)
          for (const int cpu : core)
            if (all.Has(cpu)) cell.dedicated_cpus.Add(cpu);
  // The overhead's cell is on the node of the first.
  if (claim->cells.size() > 1 && claim->cells.back().node == claim->cells.front().node)
    claim->cells.back().dedicated_cpus = {};
}

}  // namespace

StatusOr<HostSpec> HostOfNode(const v1::Node& node, const std::vector<v1::Claim>& claims) {
  HostSpec host;
  const v1::Topology& topology = node.topology();
  std::map<int, std::vector<int>> cpus_of_cache;
  for (const v1::LastLevelCache& cache : topology.last_level_caches()) {
    BERTH_ASSIGN_OR_RETURN(const CpuSet cpus, CpusOf(cache.cpus(), "cache"));
    cpus_of_cache[cache.llc_id()] = cpus.ToVector();
  }
  for (const v1::NumaNode& from : topology.numa_nodes()) {
    BERTH_ASSIGN_OR_RETURN(placement::Node added, NodeOf(from, cpus_of_cache));
    host.nodes.push_back(std::move(added));
  }
  if (host.nodes.empty()) return Status(StatusCode::kDataLoss, "the agent's node has no NUMA node");
  BERTH_ASSIGN_OR_RETURN(host.reserved_cpus, CpusOf(topology.reserved_cpus(), "reserved_cpus"));
  BERTH_ASSIGN_OR_RETURN(host.shared_cpus, CpusOf(topology.shared_cpus(), "shared_cpus"));
  BERTH_ASSIGN_OR_RETURN(host.dedicated_cpus, CpusOf(topology.dedicated_cpus(), "dedicated_cpus"));
  for (const v1::PciDevice& device : topology.pci_devices())
    host.devices.push_back(
        {.address = device.address(),
         .node = device.node_id(),
         .kind = "gpu",
         .model = fmt::format("{:04x}:{:04x}", device.vendor_id(), device.device_id()),
         .iommu_group = device.iommu_group()});
  host.cpu_overcommit = node.cpu_overcommit();
  host.memory_overcommit = node.memory_overcommit();
  for (const v1::Claim& from : claims) {
    BERTH_ASSIGN_OR_RETURN(placement::Claim claim, ClaimOf(from, host.nodes.front().id));
    if (claim.cells.empty() && claim.devices.empty()) continue;  // Of disk alone.
    DealCpus(host, &claim);
    host.claims.push_back(std::move(claim));
  }
  return host;
}

std::vector<v1::Claim> ForeignClaims(const v1::Node& node) {
  std::vector<v1::Claim> claims;
  for (const v1::ForeignGuest& guest : node.foreign_guests()) {
    v1::Claim& claim = claims.emplace_back();
    claim.set_claim_id("foreign " + guest.name());
    claim.set_owner_kind(v1::Claim::OWNER_KIND_FOREIGN_GUEST);
    claim.set_owner_id(guest.name());
    *claim.mutable_placement() = guest.placement();
  }
  return claims;
}

StatusOr<std::vector<v1::Claim>> FetchClaims(Agent& agent) {
  BERTH_ASSIGN_OR_RETURN(const auto all,
                         AllPages(agent, &NodeStub::ListClaims, v1::ListClaimsRequest()));
  return std::vector<v1::Claim>(all.claims().begin(), all.claims().end());
}

StatusOr<HostSpec> FetchHost(Agent& agent) {
  BERTH_ASSIGN_OR_RETURN(const v1::Node node, agent.Call(&NodeStub::GetNode, v1::GetNodeRequest()));
  BERTH_ASSIGN_OR_RETURN(auto claims, FetchClaims(agent));
  for (v1::Claim& claim : ForeignClaims(node)) claims.push_back(std::move(claim));
  return HostOfNode(node, claims);
}

}  // namespace berth::cli
