// SPDX-License-Identifier: Apache-2.0
#include "cli/plan/host_json.h"

#include <nlohmann/json.hpp>

#include "core/base/cpu_set.h"

namespace berth::cli {
namespace {

using nlohmann::ordered_json;

ordered_json NodeJson(const placement::Node& node) {
  ordered_json json = {{"id", node.id},
                       {"socket", node.socket},
                       {"memory_mib", node.memory_mib},
                       {"reserved_memory_mib", node.reserved_memory_mib},
                       {"cores", node.cores},
                       {"llcs", node.llcs},
                       {"pages", ordered_json::array()},
                       {"distances", node.distances}};
  for (const placement::PagePool& pool : node.pages)
    json["pages"].push_back(
        {{"size_kib", pool.size_kib}, {"total", pool.total}, {"used", pool.used}});
  return json;
}

std::string SharingText(model::CoreSharing sharing) {
  if (sharing == model::CoreSharing::kNone) return "none";
  return sharing == model::CoreSharing::kAny ? "any" : "same_tenant";
}

ordered_json ClaimJson(const placement::Claim& claim) {
  ordered_json json = {{"id", claim.id}, {"tenant", claim.tenant}};
  if (claim.core_sharing) json["core_sharing"] = SharingText(*claim.core_sharing);
  json["cells"] = ordered_json::array();
  for (const placement::ClaimCell& cell : claim.cells)
    json["cells"].push_back({{"node", cell.node},
                             {"dedicated_cpus", ToCpuList(cell.dedicated_cpus)},
                             {"shared_vcpus", cell.shared_vcpus},
                             {"memory_mib", cell.memory_mib},
                             {"page_size_kib", cell.page_size_kib}});
  json["devices"] = claim.devices;
  return json;
}

}  // namespace

std::string HostAsJson(const placement::HostSpec& host) {
  ordered_json json = {{"nodes", ordered_json::array()}};
  for (const placement::Node& node : host.nodes) json["nodes"].push_back(NodeJson(node));
  json["reserved_cpus"] = ToCpuList(host.reserved_cpus);
  if (host.shared_cpus) json["shared_cpus"] = ToCpuList(*host.shared_cpus);
  if (host.dedicated_cpus) json["dedicated_cpus"] = ToCpuList(*host.dedicated_cpus);
  json["cpu_overcommit"] = host.cpu_overcommit;
  json["memory_overcommit"] = host.memory_overcommit;
  json["devices"] = ordered_json::array();
  for (const placement::Device& device : host.devices)
    json["devices"].push_back({{"address", device.address},
                               {"node", device.node},
                               {"kind", device.kind},
                               {"model", device.model},
                               {"iommu_group", device.iommu_group}});
  json["fabric_partitions"] = ordered_json::array();
  for (const placement::FabricPartition& partition : host.fabric_partitions)
    json["fabric_partitions"].push_back({{"id", partition.id}, {"devices", partition.devices}});
  json["claims"] = ordered_json::array();
  for (const placement::Claim& claim : host.claims) json["claims"].push_back(ClaimJson(claim));
  return json.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace berth::cli
