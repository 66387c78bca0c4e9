// SPDX-License-Identifier: Apache-2.0
// Who this host is and how it was booted.
//
// Blocking (small files of procfs), thread-safe: free functions.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "core/base/status.h"
#include "drivers/host/host_paths.h"

namespace berth {

struct HostFacts {
  std::string boot_id;  // A UUID of this boot of the kernel.
  std::string kernel_release;
  std::string hostname;
  int64_t memory_total_mib = 0;
  int64_t memory_available_mib =
      0;  // What could be had without swapping, as the kernel estimates it.
  std::string cpu_model;
  std::set<std::string> cpu_flags;  // Of the first CPU: "svm", "hypervisor", …

  // The CPU can run guests by itself.
  bool HasVirtualization() const { return cpu_flags.contains("vmx") || cpu_flags.contains("svm"); }
  // This host is itself a guest.
  bool IsGuest() const { return cpu_flags.contains("hypervisor"); }
};

// INTERNAL, naming the file, if the boot id cannot be read: without it the agent cannot tell a
// reboot from a restart. Whatever else is missing stays empty or 0.
StatusOr<HostFacts> ReadHostFacts(const HostPaths& paths);

}  // namespace berth
