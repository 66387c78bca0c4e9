// SPDX-License-Identifier: Apache-2.0
#include "agent/instance/guest_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace berth {
namespace {

CpuSet AllCpus(const model::Topology& topology) {
  CpuSet all;
  for (const model::NumaNode& node : topology.nodes)
    for (const model::Core& core : node.cores) all |= CpuSet(core.cpus);
  return all;
}

CpuSet CpusOfNode(const HostLayout& host, int id) {
  CpuSet cpus;
  for (const model::NumaNode& node : host.topology.nodes)
    if (node.id == id)
      for (const model::Core& core : node.cores) cpus |= CpuSet(core.cpus);
  return cpus;
}

// Those of the placement; and where none of them is on a node whose large pages the guest gets, its
// own CPUs there too: QEMU takes the pages by a thread on that node, and starts none where it may
// not run ("Setting CPU affinity failed").
CpuSet EmulatorCpus(const model::Placement& placement, const HostLayout& host,
                    const GuestSpec& guest) {
  CpuSet cpus = placement.emulator_cpus;
  for (const GuestNumaCell& cell : guest.cells) {
    const bool large = cell.page_size_kib > model::kBasePageKib && cell.host_node >= 0;
    if (!large || cpus.Intersects(CpusOfNode(host, cell.host_node))) continue;
    for (const int vcpu : cell.vcpus.ToVector()) cpus |= guest.vcpu_cpus[static_cast<size_t>(vcpu)];
  }
  return cpus;
}

// Two where each two vCPUs in turn sit on one core, and so on: what the guest may be told of its
// threads. 1 where it has shared vCPUs, or cores unlike each other.
int32_t ThreadsPerCore(const std::vector<CpuSet>& vcpu_cpus, const model::Topology& topology) {
  std::map<int, int> core_of;
  int next = 0;
  for (const model::NumaNode& node : topology.nodes)
    for (const model::Core& core : node.cores) {
      for (const int cpu : core.cpus) core_of[cpu] = next;
      ++next;
    }
  std::vector<std::pair<int, int>> runs;  // Core, and how many vCPUs in turn sit on it.
  for (const CpuSet& cpus : vcpu_cpus) {
    if (cpus.Count() != 1) return 1;
    const int core = core_of[cpus.ToVector().front()];
    if (runs.empty() || runs.back().first != core) runs.emplace_back(core, 0);
    ++runs.back().second;
  }
  const bool alike = std::all_of(
      runs.begin(), runs.end(), [&](const auto& run) { return run.second == runs.front().second; });
  return alike && !runs.empty() ? runs.front().second : 1;
}

std::string Text(const std::vector<CpuSet>& vcpu_cpus) {
  std::string text;
  for (size_t i = 0; i < vcpu_cpus.size(); ++i)
    text += fmt::format("{}{} on {}", i == 0 ? "" : ", ", i, ToCpuList(vcpu_cpus[i]));
  return text;
}

Status Differs(const char* what, const std::string& asked, const std::string& found) {
  return Status(StatusCode::kInternal, fmt::format("the guest's {} are {}, and {} was asked", what,
                                                   found.empty() ? "not known" : found, asked));
}

Status CheckCpus(const GuestSpec& asked, const GuestState& found) {
  if (asked.vcpu_cpus.empty() || found.emulator_cpus.empty()) return OkStatus();
  if (!found.vcpu_cpus.empty()) {
    if (found.vcpu_cpus != asked.vcpu_cpus)
      return Differs("vCPUs", Text(asked.vcpu_cpus), Text(found.vcpu_cpus));
    if (!asked.emulator_cpus.empty() && found.emulator_cpus != asked.emulator_cpus)
      return Differs("emulator's CPUs", ToCpuList(asked.emulator_cpus),
                     ToCpuList(found.emulator_cpus));
    return OkStatus();
  }
  CpuSet all = asked.emulator_cpus;
  for (const CpuSet& cpus : asked.vcpu_cpus) all |= cpus;
  if (found.emulator_cpus != all)
    return Differs("CPUs", ToCpuList(all), ToCpuList(found.emulator_cpus));
  return OkStatus();
}

Status CheckNodes(const GuestSpec& asked, const GuestState& found) {
  CpuSet nodes;
  for (const GuestNumaCell& cell : asked.cells)
    if (cell.host_node >= 0) nodes.Add(cell.host_node);
  // Without a process to look at nothing is known.
  if (nodes.empty() || found.emulator_cpus.empty()) return OkStatus();
  if (CpuSet(found.bound_nodes) == nodes) return OkStatus();
  return Differs("memory's NUMA nodes", ToCpuList(nodes), ToCpuList(CpuSet(found.bound_nodes)));
}

}  // namespace

void LayOut(const model::InstanceRecord& record, const HostLayout& host, GuestSpec* guest) {
  const model::Placement& placement = record.placement;
  const bool keep_apart = host.capacity.shared_cpus != AllCpus(host.topology);
  const bool bind = host.topology.nodes.size() > 1;
  std::vector<CpuSet> vcpu_cpus(static_cast<size_t>(guest->vcpus));
  for (const model::PlacedCell& cell : placement.cells) {
    GuestNumaCell& added = guest->cells.emplace_back();
    added.memory_mib = cell.memory_mib;
    added.page_size_kib = cell.page_size_kib;
    added.host_node = bind ? cell.node : -1;
    const CpuSet shared = CpusOfNode(host, cell.node) & host.capacity.shared_cpus;
    for (const int vcpu : cell.shared_vcpus) {
      added.vcpus.Add(vcpu);
      vcpu_cpus[static_cast<size_t>(vcpu)] = shared;
    }
    for (const auto& [vcpu, cpu] : cell.vcpu_pins) {
      added.vcpus.Add(vcpu);
      vcpu_cpus[static_cast<size_t>(vcpu)] = {cpu};
    }
  }
  if (placement.cells.empty() || !keep_apart) return;
  guest->threads_per_core = ThreadsPerCore(vcpu_cpus, host.topology);
  guest->vcpu_cpus = std::move(vcpu_cpus);
  guest->emulator_cpus = EmulatorCpus(placement, host, *guest);
}

Status CheckLayout(const GuestSpec& asked, const GuestState& found) {
  if (Status cpus = CheckCpus(asked, found); !cpus.ok()) return cpus;
  return CheckNodes(asked, found);
}

}  // namespace berth
