// SPDX-License-Identifier: Apache-2.0
#include "cli/plan/host.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/plan/fields.h"
#include "core/json/json_reader.h"
#include "core/json/json_text.h"
#include "scheduler/host_of.h"

namespace berth::cli {
namespace {

using placement::Claim;
using placement::ClaimCell;
using placement::Device;
using placement::FabricPartition;
using placement::HostSpec;
using placement::Node;
using placement::PagePool;

constexpr int kIdMax = 1 << 20;
constexpr int kDistanceToSelf = 10;
constexpr int kDistanceToOther = 20;
constexpr double kRatioMin = 0.001;
constexpr double kRatioMax = 1e9;

PagePool PoolFrom(JsonReader& reader) {
  PagePool pool;
  reader.Require("size_kib");
  reader.Integer("size_kib", pool.size_kib, 1, kKibMax);
  reader.Integer("total", pool.total, 0, kMibMax);
  reader.Integer("used", pool.used, 0, kMibMax);
  reader.RefuseUnknown();
  return pool;
}

Node NodeFrom(JsonReader& reader) {
  Node node;
  reader.Require("id");
  reader.Require("memory_mib");
  reader.Require("cores");
  ReadInt(reader, "id", node.id, 0, kIdMax);
  node.socket = node.id;
  ReadInt(reader, "socket", node.socket, 0, kIdMax);
  reader.Integer("memory_mib", node.memory_mib, 0, kMibMax);
  reader.Integer("reserved_memory_mib", node.reserved_memory_mib, 0, kMibMax);
  ReadIdLists(reader, "cores", node.cores, 0, kCpuIdsMax - 1);
  ReadIdLists(reader, "llcs", node.llcs, 0, kCpuIdsMax - 1);
  for (JsonReader& pool : reader.Array("pages")) node.pages.push_back(PoolFrom(pool));
  ReadIds(reader, "distances", node.distances, 0, kIdMax);
  reader.RefuseUnknown();
  return node;
}

Device DeviceFrom(JsonReader& reader) {
  Device device;
  reader.Require("address");
  reader.Require("kind");
  reader.Text("address", device.address);
  ReadInt(reader, "node", device.node, -1, kIdMax);
  reader.Text("kind", device.kind);
  reader.Text("model", device.model);
  ReadInt(reader, "iommu_group", device.iommu_group, -1, kIdMax);
  reader.RefuseUnknown();
  return device;
}

FabricPartition PartitionFrom(JsonReader& reader) {
  FabricPartition partition;
  reader.Integer("id", partition.id, 0, kIdMax);
  reader.Require("devices");
  ReadTexts(reader, "devices", partition.devices);
  reader.RefuseUnknown();
  return partition;
}

ClaimCell ClaimCellFrom(JsonReader& reader) {
  ClaimCell cell;
  reader.Require("node");
  ReadInt(reader, "node", cell.node, 0, kIdMax);
  ReadCpuList(reader, "dedicated_cpus", cell.dedicated_cpus);
  reader.Integer("shared_vcpus", cell.shared_vcpus, 0, kIdMax);
  reader.Integer("memory_mib", cell.memory_mib, 0, kMibMax);
  reader.Integer("page_size_kib", cell.page_size_kib, 1, kKibMax);
  reader.RefuseUnknown();
  return cell;
}

Claim ClaimFrom(JsonReader& reader) {
  Claim claim;
  reader.Require("id");
  reader.Text("id", claim.id);
  reader.Text("tenant", claim.tenant);
  if (reader.Has("core_sharing"))
    ReadCoreSharing(reader, "core_sharing",
                    claim.core_sharing.emplace(placement::CoreSharing::kSameTenant));
  for (JsonReader& cell : reader.Array("cells")) claim.cells.push_back(ClaimCellFrom(cell));
  ReadTexts(reader, "devices", claim.devices);
  reader.RefuseUnknown();
  return claim;
}

std::optional<CpuSet> OptionalSet(JsonReader& reader, const std::string& name) {
  CpuSet cpus;
  return ReadCpuList(reader, name, cpus) ? std::optional(cpus) : std::nullopt;
}

// One cache for each node, and the distances that firmware gives where nobody has measured.
void FillDefaults(HostSpec& host) {
  for (size_t i = 0; i < host.nodes.size(); ++i) {
    Node& node = host.nodes[i];
    if (node.llcs.empty() && !node.cores.empty()) {
      node.llcs.emplace_back();
      for (const auto& core : node.cores)
        node.llcs.back().insert(node.llcs.back().end(), core.begin(), core.end());
    }
    if (!node.distances.empty()) continue;
    node.distances.assign(host.nodes.size(), kDistanceToOther);
    node.distances[i] = kDistanceToSelf;
  }
}

HostSpec HostFrom(JsonReader& reader) {
  HostSpec host;
  reader.Require("nodes");
  for (JsonReader& node : reader.Array("nodes")) host.nodes.push_back(NodeFrom(node));
  ReadCpuList(reader, "reserved_cpus", host.reserved_cpus);
  host.shared_cpus = OptionalSet(reader, "shared_cpus");
  host.dedicated_cpus = OptionalSet(reader, "dedicated_cpus");
  reader.Number("cpu_overcommit", host.cpu_overcommit, kRatioMin, kRatioMax);
  reader.Number("memory_overcommit", host.memory_overcommit, kRatioMin, kRatioMax);
  for (JsonReader& device : reader.Array("devices")) host.devices.push_back(DeviceFrom(device));
  for (JsonReader& partition : reader.Array("fabric_partitions"))
    host.fabric_partitions.push_back(PartitionFrom(partition));
  for (JsonReader& claim : reader.Array("claims")) host.claims.push_back(ClaimFrom(claim));
  reader.RefuseUnknown();
  return host;
}

}  // namespace

HostSpec HostFromJson(std::string_view text, std::vector<FieldViolation>& faults) {
  const size_t before = faults.size();
  const nlohmann::json value = ParseJsonText(text, faults);
  if (value.is_discarded()) return {};
  JsonReader reader(value, "", faults);
  HostSpec host = HostFrom(reader);
  FillDefaults(host);
  // Not of a host half read: what is missing would be named a second time, in other words.
  if (faults.size() == before) CheckHost(host, faults);
  return host;
}

HostSpec HostFromTopology(const model::Topology& topology) {
  HostSpec host;
  host.nodes = placement::NodesOf(topology);
  host.devices = placement::DevicesOf(topology);
  return host;
}

}  // namespace berth::cli
