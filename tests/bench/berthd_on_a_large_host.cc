// SPDX-License-Identifier: Apache-2.0
// The agent, linked so that it takes its host for one of 128 CPUs and 512 GiB more than it has:
// what libvirt's simulated hypervisor needs to be given a thousand instances on any machine.
#include <algorithm>

#include "core/base/status.h"
#include "core/model/topology.h"
#include "drivers/host/host_paths.h"

namespace berth {
namespace {

constexpr int kMoreCpus = 128;
constexpr int64_t kMoreMemoryMib = int64_t{512} * 1024;

int FirstFreeCpu(const model::Topology& topology) {
  int next = 0;
  for (const model::NumaNode& node : topology.nodes)
    for (const model::Core& core : node.cores)
      for (const int cpu : core.cpus) next = std::max(next, cpu + 1);
  return next;
}

}  // namespace
}  // namespace berth

extern "C" {

// ReadTopology, as the linker knows it.
berth::StatusOr<berth::model::Topology> BERTH_REAL(const berth::HostPaths& paths);

berth::StatusOr<berth::model::Topology> BERTH_WRAPPED(const berth::HostPaths& paths) {
  auto topology = BERTH_REAL(paths);
  if (!topology.ok()) return topology;
  berth::model::NumaNode& node = topology->nodes.front();
  const int first = berth::FirstFreeCpu(*topology);
  for (int cpu = 0; cpu < berth::kMoreCpus; ++cpu) node.cores.push_back({{first + cpu}});
  node.memory_mib += berth::kMoreMemoryMib;
  return topology;
}

// libvirt's own functions; its headers are for drivers/libvirt alone.
struct _virDomain;
int virDomainCreate(_virDomain* domain);
int virDomainSuspend(_virDomain* domain);

int __wrap_virDomainCreateWithFlags(_virDomain* domain, unsigned) {  // NOLINT: the linker's name.
  const int started = virDomainCreate(domain);
  return started < 0 ? started : virDomainSuspend(domain);
}
}
