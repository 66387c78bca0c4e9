// SPDX-License-Identifier: Apache-2.0
// Where a guest's process may run and where its memory lies, by the kernel's word and not by what
// we have asked for.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/base/cpu_set.h"

namespace berth::libvirt {

struct GuestKernelView {
  // Of the thread of each vCPU, by QEMU's name for it ("CPU 3/KVM"). Empty where not every vCPU has
  // one, as under TCG with several vCPUs to a thread.
  std::vector<CpuSet> vcpu_cpus;
  CpuSet emulator_cpus;  // Of the main thread.
  // The NUMA nodes that its memory may lie on, ascending: those of mappings with the policy "bind";
  // where there are none, those that its cgroup allows, which is how libvirt binds a guest of one
  // cell.
  std::vector<int> bound_nodes;
};

// MiB of a process that lie on each NUMA node, rounded down; empty where that cannot be read.
// Reading costs the kernel a walk over all its pages. Blocking.
std::map<int, int64_t> ReadResidentMib(const std::string& root, int64_t pid);

// What can be read of /proc below `root`; a process that is gone has an empty view. Blocking.
GuestKernelView ReadGuestKernelView(const std::string& root, int64_t pid, int32_t vcpus);

}  // namespace berth::libvirt
