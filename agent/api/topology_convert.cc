// SPDX-License-Identifier: Apache-2.0
#include "agent/api/topology_convert.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace berth::api {
namespace {

void Append(const std::vector<int>& more, std::vector<int>& cpus) {
  cpus.insert(cpus.end(), more.begin(), more.end());
}

std::vector<int> CpusOf(const model::NumaNode& node) {
  std::vector<int> cpus;
  for (const model::Core& core : node.cores) Append(core.cpus, cpus);
  return cpus;
}

// Numbers that the model does not have are given in the order of the list.
class Numbering {
 public:
  void AddCaches(const model::NumaNode& node, v1::Topology& out) {
    for (const std::vector<int>& cpus : node.llcs) {
      const int id = out.last_level_caches_size();
      for (const int cpu : cpus) llc_of_cpu_[cpu] = id;
      v1::LastLevelCache& cache = *out.add_last_level_caches();
      cache.set_llc_id(id);
      cache.set_cpus(CpuListText(cpus));
    }
  }

  void AddCore(const model::Core& core, int socket, v1::NumaNode& out) {
    v1::Core& added = *out.add_cores();
    added.set_core_id(next_core_++);
    added.set_cpus(CpuListText(core.cpus));
    added.set_socket_id(socket);
    const auto llc = core.cpus.empty() ? llc_of_cpu_.end() : llc_of_cpu_.find(core.cpus.front());
    added.set_llc_id(llc == llc_of_cpu_.end() ? -1 : llc->second);
  }

 private:
  int next_core_ = 0;
  std::map<int, int> llc_of_cpu_;
};

void FillNode(const model::NumaNode& node, Numbering& numbers, v1::NumaNode& out) {
  out.set_node_id(node.id);
  out.set_cpus(CpuListText(CpusOf(node)));
  out.set_memory_mib(node.memory_mib);
  for (const model::PagePool& pool : node.pages) {
    v1::PagePool& added = *out.add_page_pools();
    added.set_size_kib(pool.size_kib);
    added.set_total_count(pool.total);
    added.set_free_count(pool.free);
  }
  out.mutable_distances()->Add(node.distances.begin(), node.distances.end());
  for (const model::Core& core : node.cores) numbers.AddCore(core, node.socket, out);
}

// What of a node is the host's own, and what of its pages is claimed.
void FillHeld(const placement::Host& host, v1::NumaNode& out) {
  const int index = host.NodeIndex(out.node_id());
  if (index < 0) return;
  const auto at = static_cast<size_t>(index);
  out.set_reserved_memory_mib(host.spec().nodes[at].reserved_memory_mib);
  for (v1::PagePool& pool : *out.mutable_page_pools())
    for (const placement::PoolBook& book : host.books()[at].pools)
      if (book.size_kib == pool.size_kib()) pool.set_claimed_count(book.total - book.free);
}

}  // namespace

std::string CpuListText(std::vector<int> cpus) {
  std::sort(cpus.begin(), cpus.end());
  std::string text;
  for (size_t begin = 0; begin < cpus.size();) {
    size_t end = begin;
    while (end + 1 < cpus.size() && cpus[end + 1] == cpus[end] + 1) ++end;
    if (!text.empty()) text += ',';
    text += end == begin ? fmt::format("{}", cpus[begin])
                         : fmt::format("{}-{}", cpus[begin], cpus[end]);
    begin = end + 1;
  }
  return text;
}

v1::Topology FromTopology(const model::Topology& topology, const placement::Host& host) {
  v1::Topology out;
  Numbering numbers;
  std::vector<int> online;
  std::map<int, std::vector<int>> sockets;
  bool smt = false;
  for (const model::NumaNode& node : topology.nodes) {
    numbers.AddCaches(node, out);
    FillNode(node, numbers, *out.add_numa_nodes());
    Append(CpusOf(node), online);
    if (node.socket >= 0) Append(CpusOf(node), sockets[node.socket]);
    for (const model::Core& core : node.cores) smt = smt || core.cpus.size() > 1;
  }
  for (const auto& [id, cpus] : sockets) {
    out.add_sockets()->set_socket_id(id);
    out.mutable_sockets()->rbegin()->set_cpus(CpuListText(cpus));
  }
  out.set_online_cpus(CpuListText(online));
  out.set_smt_active(smt);
  for (const model::PciDevice& device : topology.devices) {
    v1::PciDevice& added = *out.add_pci_devices();
    added.set_address(device.address);
    added.set_node_id(device.node);
    added.set_vendor_id(device.vendor_id);
    added.set_device_id(device.device_id);
    added.set_iommu_group(device.iommu_group);
  }
  const placement::HostSpec& spec = host.spec();
  out.set_reserved_cpus(ToCpuList(spec.reserved_cpus));
  out.set_shared_cpus(ToCpuList(spec.shared_cpus.value_or(CpuSet())));
  out.set_dedicated_cpus(ToCpuList(spec.dedicated_cpus.value_or(CpuSet())));
  for (int i = 0; i < out.numa_nodes_size(); ++i) FillHeld(host, *out.mutable_numa_nodes(i));
  return out;
}

}  // namespace berth::api
