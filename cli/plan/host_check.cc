// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <map>
#include <set>

#include "cli/plan/host.h"
#include "scheduler/host.h"

namespace berth::cli {
namespace {

using placement::Claim;
using placement::HostSpec;
using placement::Node;

constexpr int64_t kPooledKibMax = int64_t{1} << 50;

class HostCheck {
 public:
  HostCheck(const HostSpec& host, std::vector<FieldViolation>& faults)
      : host_(host), faults_(faults) {}

  void Run() {
    if (host_.nodes.empty()) Fault("nodes", "is empty; a host has at least one node");
    for (size_t i = 0; i < host_.nodes.size(); ++i) CheckNode(i);
    CheckSets();
    CheckDevices();
    CheckClaims();
  }

 private:
  void Fault(std::string path, std::string what) {
    faults_.push_back({std::move(path), std::move(what)});
  }

  void CheckNode(size_t index) {
    const Node& node = host_.nodes[index];
    const std::string path = fmt::format("nodes[{}]", index);
    if (!nodes_.emplace(node.id, index).second)
      Fault(path + ".id", fmt::format("is {}, as of another node; ids are unique", node.id));
    CheckCores(node, index, path);
    CheckCaches(node, path);
    CheckPools(node, path);
    if (node.distances.size() != host_.nodes.size())
      Fault(path + ".distances",
            fmt::format("has {} entries; must have one for each of the {} nodes",
                        node.distances.size(), host_.nodes.size()));
  }

  void CheckCores(const Node& node, size_t index, const std::string& path) {
    for (size_t c = 0; c < node.cores.size(); ++c) {
      const std::string at = fmt::format("{}.cores[{}]", path, c);
      if (node.cores[c].empty()) Fault(at, "is empty; a core has at least one CPU");
      if (node.cores[c].size() > placement::kThreadsPerCoreMax)
        Fault(at, fmt::format("has {} CPUs; at most {} are allowed", node.cores[c].size(),
                              placement::kThreadsPerCoreMax));
      for (const int cpu : node.cores[c])
        if (!node_of_cpu_.emplace(cpu, index).second)
          Fault(at, fmt::format("has CPU {}, which is in another core already", cpu));
    }
  }

  void CheckCaches(const Node& node, const std::string& path) {
    std::map<int, size_t> cache_of;
    std::set<int> cpus;
    for (const auto& core : node.cores) cpus.insert(core.begin(), core.end());
    for (size_t i = 0; i < node.llcs.size(); ++i) {
      const std::string at = fmt::format("{}.llcs[{}]", path, i);
      for (const int cpu : node.llcs[i]) {
        if (!cpus.contains(cpu)) Fault(at, fmt::format("has CPU {}, which the node has not", cpu));
        if (!cache_of.emplace(cpu, i).second)
          Fault(at, fmt::format("has CPU {}, which is in another cache already", cpu));
      }
    }
    for (size_t c = 0; c < node.cores.size(); ++c) {
      for (const int cpu : node.cores[c]) {
        const std::string at = fmt::format("{}.cores[{}]", path, c);
        if (!cache_of.contains(cpu))
          Fault(at, fmt::format("has CPU {}, which is in none of the node's llcs", cpu));
        else if (cache_of.at(cpu) != cache_of[node.cores[c].front()])
          Fault(at, "lies in two caches; a core has one");
      }
    }
  }

  void CheckPools(const Node& node, const std::string& path) {
    std::set<int64_t> sizes;
    int64_t pooled_kib = 0;
    for (size_t i = 0; i < node.pages.size(); ++i) {
      const placement::PagePool& pool = node.pages[i];
      const std::string at = fmt::format("{}.pages[{}]", path, i);
      if (pool.size_kib <= placement::kBasePageKib)
        Fault(at + ".size_kib", fmt::format("is {}; {} KiB is the base page, which needs no pool",
                                            pool.size_kib, placement::kBasePageKib));
      if (!sizes.insert(pool.size_kib).second)
        Fault(at + ".size_kib", "is there twice; a node has one pool of a size");
      if (pool.total > kPooledKibMax / pool.size_kib ||
          (pooled_kib += pool.total * pool.size_kib) > kPooledKibMax)
        Fault(at + ".total", "overflows: the pools are larger than any machine");
    }
  }

  void CheckSets() {
    CheckApart("shared_cpus", host_.shared_cpus, "dedicated_cpus", host_.dedicated_cpus);
    CheckApart("shared_cpus", host_.shared_cpus, "reserved_cpus", host_.reserved_cpus);
    CheckApart("dedicated_cpus", host_.dedicated_cpus, "reserved_cpus", host_.reserved_cpus);
  }

  void CheckApart(const std::string& name, const std::optional<CpuSet>& one,
                  const std::string& other_name, const std::optional<CpuSet>& other) {
    if (one && other && one->Intersects(*other))
      Fault(name, fmt::format("overlaps {} in CPUs {}; a CPU is in one of them", other_name,
                              ToCpuList(*one & *other)));
  }

  void CheckDevices() {
    for (size_t i = 0; i < host_.devices.size(); ++i) {
      const placement::Device& device = host_.devices[i];
      const std::string at = fmt::format("devices[{}]", i);
      if (device.address.empty()) Fault(at + ".address", "is empty");
      if (!addresses_.insert(device.address).second)
        Fault(at + ".address", fmt::format("is {}, as of another device", device.address));
      if (device.node >= 0 && !nodes_.contains(device.node))
        Fault(at + ".node", fmt::format("is {}; there is no such node", device.node));
    }
    for (size_t i = 0; i < host_.fabric_partitions.size(); ++i) {
      const auto& members = host_.fabric_partitions[i].devices;
      const std::string at = fmt::format("fabric_partitions[{}].devices", i);
      if (members.empty()) Fault(at, "is empty");
      std::set<std::string> seen;
      for (size_t d = 0; d < members.size(); ++d) {
        if (!addresses_.contains(members[d]))
          Fault(fmt::format("{}[{}]", at, d), fmt::format("is {}; no such device", members[d]));
        if (!seen.insert(members[d]).second) Fault(fmt::format("{}[{}]", at, d), "is there twice");
      }
    }
  }

  // CPUs, pools and devices that a claim holds may have gone since; nodes do not go.
  void CheckClaims() {
    for (size_t i = 0; i < host_.claims.size(); ++i) {
      const Claim& claim = host_.claims[i];
      const std::string at = fmt::format("claims[{}]", i);
      if (!claims_.insert(claim.id).second)
        Fault(at + ".id", fmt::format("is {}, as of another claim", claim.id));
      for (size_t c = 0; c < claim.cells.size(); ++c)
        CheckClaimCell(claim.cells[c], fmt::format("{}.cells[{}]", at, c));
      for (size_t d = 0; d < claim.devices.size(); ++d)
        if (!held_devices_.insert(claim.devices[d]).second)
          Fault(fmt::format("{}.devices[{}]", at, d),
                fmt::format("is {}, which is held already", claim.devices[d]));
    }
  }

  void CheckClaimCell(const placement::ClaimCell& cell, const std::string& at) {
    const auto node = nodes_.find(cell.node);
    if (node == nodes_.end())
      Fault(at + ".node", fmt::format("is {}; there is no such node", cell.node));
    for (const int cpu : cell.dedicated_cpus.ToVector()) {
      const auto home = node_of_cpu_.find(cpu);
      if (home != node_of_cpu_.end() && node != nodes_.end() && home->second != node->second)
        Fault(at + ".dedicated_cpus", fmt::format("has CPU {}, which is on another node", cpu));
      if (held_cpus_.Has(cpu))
        Fault(at + ".dedicated_cpus", fmt::format("has CPU {}, which is held already", cpu));
      held_cpus_.Add(cpu);
    }
  }

  const HostSpec& host_;
  std::vector<FieldViolation>& faults_;
  std::map<int, size_t> nodes_;  // Id -> index.
  std::map<int, size_t> node_of_cpu_;
  std::set<std::string> addresses_;
  std::set<std::string> claims_;
  std::set<std::string> held_devices_;
  CpuSet held_cpus_;
};

}  // namespace

void CheckHost(const HostSpec& host, std::vector<FieldViolation>& faults) {
  HostCheck(host, faults).Run();
}

}  // namespace berth::cli
