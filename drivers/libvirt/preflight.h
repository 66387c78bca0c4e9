// SPDX-License-Identifier: Apache-2.0
// What `berthctl doctor` says of libvirt and KVM: each fact with what would cure it.
//
// Blocking, but never longer than the timeout per daemon: a frozen libvirtd is a finding too (the
// thread that waits for it is left behind, so this is for short-lived programs). Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "core/base/clock.h"
#include "drivers/host/finding.h"

namespace berth {

struct PreflightOptions {
  std::string uri = "qemu:///system";
  Duration timeout = std::chrono::seconds(5);
  std::string root;  // Before /proc, /dev, /etc and /run; "" but in tests.
};

// The checks, in this order: "kvm", "kvm_access" (where there is a /dev/kvm), "libvirtd",
// "virtlogd", "libvirt_requests", "libvirt_workers" (those three for qemu:///system only).
std::vector<Finding> CheckLibvirt(const PreflightOptions& options);
inline std::vector<Finding> CheckLibvirt(const std::string& uri) {
  return CheckLibvirt(PreflightOptions{.uri = uri});
}

}  // namespace berth
