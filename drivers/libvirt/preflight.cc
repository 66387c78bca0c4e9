// SPDX-License-Identifier: Apache-2.0
#include "drivers/libvirt/preflight.h"

#include <fmt/format.h>

#include "drivers/libvirt/error_map.h"
#include "drivers/libvirt/preflight_daemon.h"
#include "drivers/libvirt/preflight_kvm.h"

namespace berth {
namespace libvirt {
namespace {

Finding CheckKvm(const KvmFacts& facts) {
  if (KvmUsable(facts)) return {"kvm", FindingLevel::kOk, "guests can run on KVM", ""};
  const KvmTrouble trouble = TroubleOf(facts);
  return {"kvm", FindingLevel::kWarning,
          fmt::format("KVM is not usable: {}; guests are emulated and slow", trouble.what),
          trouble.cure};
}

Finding CheckAccess(const DeviceAccess& device, const QemuUser& user) {
  if (MayOpen(device, user))
    return {"kvm_access", FindingLevel::kOk,
            fmt::format("QEMU's user {} may open /dev/kvm", user.name), ""};
  return {"kvm_access", FindingLevel::kProblem,
          fmt::format(
              "QEMU's user {} may not open /dev/kvm ({}), so libvirt forgets at every call what "
              "QEMU can do: each start takes a minute",
              user.name, Describe(device)),
          "chgrp kvm /dev/kvm && chmod 0660 /dev/kvm (udev does it where it runs)"};
}

}  // namespace
}  // namespace libvirt

std::vector<Finding> CheckLibvirt(const PreflightOptions& options) {
  libvirt::SilenceLibvirt();
  std::vector<Finding> findings = {libvirt::CheckKvm(libvirt::ReadKvmFacts(options.root))};
  if (const auto device = libvirt::ReadDeviceAccess(options.root + "/dev/kvm"))
    findings.push_back(libvirt::CheckAccess(*device, libvirt::ReadQemuUser(options.root)));
  findings.push_back(libvirt::CheckDaemon(options.uri, options.timeout));
  if (options.uri != "qemu:///system") return findings;
  findings.push_back(libvirt::CheckVirtlogd(options.root));
  findings.push_back(libvirt::CheckRequestLimit(options.root));
  findings.push_back(libvirt::CheckWorkers());
  return findings;
}

}  // namespace berth
