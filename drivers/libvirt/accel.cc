// SPDX-License-Identifier: Apache-2.0
#include "drivers/libvirt/accel.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "core/base/unique_fd.h"

namespace berth::libvirt {
namespace {

bool CpuHasVirtualization(const std::string& cpuinfo_path) {
  std::ifstream file(cpuinfo_path);
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("flags", 0) != 0) continue;
    std::istringstream words(line);
    for (std::string word; words >> word;)
      if (word == "svm" || word == "vmx") return true;
    return false;  // All CPUs of a host are alike in this.
  }
  return false;
}

void TryDevice(const std::string& path, KvmFacts& facts) {
  const UniqueFd device(open(path.c_str(), O_RDWR | O_CLOEXEC));
  facts.device_exists = device.ok() || errno != ENOENT;
  facts.device_opens = device.ok();
  if (!device.ok()) {
    facts.device_error = std::strerror(errno);
    return;
  }
  const UniqueFd machine(ioctl(device.get(), KVM_CREATE_VM, 0));
  facts.creates_vm = machine.ok();
  if (!machine.ok()) facts.device_error = std::strerror(errno);
}

}  // namespace

KvmFacts ReadKvmFacts(const std::string& root) {
  KvmFacts facts;
  facts.cpu_flag = CpuHasVirtualization(root + "/proc/cpuinfo");
  TryDevice(root + "/dev/kvm", facts);
  return facts;
}

bool KvmUsable(const KvmFacts& facts) {
  return facts.cpu_flag && facts.device_opens && facts.creates_vm;
}

KvmTrouble TroubleOf(const KvmFacts& facts) {
  if (KvmUsable(facts)) return {};
  if (!facts.cpu_flag)
    return {
        facts.device_exists
            ? "the CPU shows neither svm nor vmx; /dev/kvm is there, but guests would hang on it"
            : "the CPU shows neither svm nor vmx",
        "enable virtualization in the firmware, or nested virtualization where this host is a "
        "guest itself"};
  if (!facts.device_exists)
    return {"/dev/kvm does not exist", "load the module: modprobe kvm_amd or kvm_intel"};
  if (!facts.device_opens)
    return {fmt::format("/dev/kvm does not open: {}", facts.device_error),
            "chgrp kvm /dev/kvm && chmod 0660 /dev/kvm, and run the agent as root"};
  return {fmt::format("/dev/kvm makes no virtual machine: {}", facts.device_error),
          "look at dmesg for kvm; another hypervisor may hold the CPU"};
}

Accel ChooseAccel(AccelMode mode, const KvmFacts& facts) {
  if (mode == AccelMode::kTcg) return {"tcg", "the configuration asks for tcg", OkStatus()};
  if (KvmUsable(facts))
    return {"kvm", "the CPU has hardware virtualization and /dev/kvm makes virtual machines",
            OkStatus()};
  const KvmTrouble trouble = TroubleOf(facts);
  if (mode == AccelMode::kAuto)
    return {"tcg", fmt::format("KVM is not usable: {}; guests are emulated and slow", trouble.what),
            OkStatus()};
  const std::string why = fmt::format(
      "the configuration demands kvm, which is not usable: {}; {}, or set hypervisor.accel to auto",
      trouble.what, trouble.cure);
  return {"kvm", why, Status(StatusCode::kFailedPrecondition, why)};
}

}  // namespace berth::libvirt
