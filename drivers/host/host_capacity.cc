// SPDX-License-Identifier: Apache-2.0
#include "drivers/host/host_capacity.h"

#include <algorithm>

namespace berth {
namespace {

constexpr int64_t kGib = 1024;  // In MiB.

int64_t PagePoolMib(const model::Topology& topology) {
  int64_t kib = 0;
  for (const model::NumaNode& node : topology.nodes)
    for (const model::PagePool& pool : node.pages) kib += pool.size_kib * pool.total;
  return kib / 1024;
}

// The first of the others, core by core.
CpuSet FirstThreads(const model::Topology& topology, const CpuSet& others, int64_t count) {
  CpuSet first;
  for (const model::NumaNode& node : topology.nodes)
    for (const model::Core& core : node.cores)
      for (const int cpu : core.cpus)
        if (others.Has(cpu) && first.Count() < count) first.Add(cpu);
  return first;
}

void SetCpus(const model::Topology& topology, const CapacityPolicy& policy, int64_t reserve,
             model::Capacity* capacity) {
  CpuSet all;
  for (const model::NumaNode& node : topology.nodes)
    for (const model::Core& core : node.cores) all |= CpuSet(core.cpus);
  capacity->dedicated_cpus = policy.dedicated_cpus & all;
  const CpuSet others = all - capacity->dedicated_cpus;
  capacity->shared_cpus = policy.shared_cpus ? *policy.shared_cpus & others
                                             : others - FirstThreads(topology, others, reserve);
  capacity->total.dedicated_cpus = capacity->dedicated_cpus.Count();
  capacity->reserved.vcpus = (others - capacity->shared_cpus).Count();
}

}  // namespace

model::Resources DefaultReserve(const model::Resources& total) {
  return {.vcpus = total.vcpus <= 4 ? 0 : std::max<int64_t>(1, total.vcpus / 16),
          .memory_mib = std::min({kGib + total.memory_mib / 16, 16 * kGib, total.memory_mib / 4}),
          .disk_mib = std::min(total.disk_mib / 20, 32 * kGib)};
}

model::Capacity CapacityOf(const model::Topology& topology, const FileSystemSpace& space,
                           const CapacityPolicy& policy) {
  model::Capacity capacity;
  capacity.total = {
      .vcpus = topology.CpuCount(),
      .memory_mib = std::max<int64_t>(0, topology.MemoryMib() - PagePoolMib(topology)),
      .disk_mib = space.total_bytes >> 20};
  const model::Resources reserve = DefaultReserve(capacity.total);
  const auto within = [](std::optional<int64_t> wanted, int64_t otherwise, int64_t total) {
    return std::clamp<int64_t>(wanted.value_or(otherwise), 0, total);
  };
  // What others keep on the same file system can be given to nobody.
  const int64_t others_mib =
      std::max<int64_t>(0, space.total_bytes - space.free_bytes - space.instances_bytes) >> 20;
  capacity.reserved = {
      .memory_mib =
          within(policy.reserved_memory_mib, reserve.memory_mib, capacity.total.memory_mib),
      .disk_mib = std::min(capacity.total.disk_mib,
                           others_mib + within(policy.reserved_disk_mib, reserve.disk_mib,
                                               capacity.total.disk_mib))};
  SetCpus(topology, policy, within(policy.reserved_cpus, reserve.vcpus, capacity.total.vcpus),
          &capacity);
  capacity.cpu_overcommit = std::max(1.0, policy.cpu_overcommit);
  return capacity;
}

}  // namespace berth
