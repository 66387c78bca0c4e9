// SPDX-License-Identifier: Apache-2.0
// What a caller asked for: the spec half of an instance. A plain value; validation is in
// core/model/validate.h, the stored form in core/model/codec.h.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/model/shape.h"

namespace berth::model {

// From what a guest boots. Names are file names inside the agent's image directory, never paths.
// Either `kernel` is set (direct kernel boot, with or without `image`) or `image` (firmware boot).
struct BootSource {
  std::string image;         // Base image of the root disk, qcow2 or raw; "" = no root disk.
  std::string kernel;        // Linux kernel for direct boot; "" = boot from the disk.
  std::string initrd;        // With `kernel` only.
  std::string command_line;  // With `kernel` only; at most 2048 characters.
  bool operator==(const BootSource&) const = default;
};

// What the guest finds on its NoCloud seed at first boot.
struct FirstBoot {
  std::string hostname;  // RFC 1123; "" = the instance id.
  std::vector<std::string> ssh_authorized_keys;
  std::string user_data;       // At most 16 KiB, opaque.
  std::string network_config;  // cloud-init network-config v2; "" = DHCP on the first interface.
  bool operator==(const FirstBoot&) const = default;
};

// What CPU the guest sees. kDefault: the host's own under KVM, the agent's configured model else.
enum class CpuModelPolicy { kDefault, kHostPassthrough, kHostModel, kNamed };

// The machine that the guest sees.
struct Platform {
  CpuModelPolicy cpu_model_policy = CpuModelPolicy::kDefault;
  std::string cpu_model;  // With kNamed only: the hypervisor's name of it.
  bool operator==(const Platform&) const = default;
};

// What a shutdown from inside the guest means.
enum class ShutdownBehavior { kStop, kTerminate };

// What follows when the guest panics, or its watchdog fires.
enum class CrashBehavior {
  kStop,
  kRestart,      // Within the bounds of recoveries (agent/instance/lifecycle.h).
  kDumpAndStop,  // Its memory is kept as a file first.
};

struct InstanceSpec {
  std::string name;       // A free label, never a key.
  std::string tenant_id;  // Immutable.
  std::map<std::string, std::string> tags;
  std::string instance_type;  // "" = a custom shape.
  Shape shape;
  BootSource boot;
  int64_t root_disk_mib = 0;  // Size the guest sees; 0 = as the base image.
  FirstBoot first_boot;
  Platform platform;
  bool autostart = false;  // Start again after a reboot of the host.
  // Start again, within the same bounds, when the guest went without anybody's wish.
  bool auto_recover = false;
  ShutdownBehavior shutdown_behavior = ShutdownBehavior::kStop;
  CrashBehavior crash_behavior = CrashBehavior::kStop;
  bool termination_protection = false;
  bool operator==(const InstanceSpec&) const = default;
};

}  // namespace berth::model
