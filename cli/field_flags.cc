// SPDX-License-Identifier: Apache-2.0
#include "cli/field_flags.h"

#include <array>
#include <utility>

namespace berth::cli {
namespace {

// A field stands for what is below it as well, so the longer ones come first.
constexpr std::array<std::pair<std::string_view, std::string_view>, 31> kFlags = {{
    {"spec.shape.vcpus", "--vcpus"},
    {"spec.shape.memory_mib", "--memory"},
    {"spec.instance_type", "--type"},
    {"spec.boot.disk.image", "--image"},
    {"spec.boot.kernel.kernel", "--kernel"},
    {"spec.boot.kernel.initrd", "--initrd"},
    {"spec.boot.kernel.command_line", "--cmdline"},
    {"spec.boot.kernel.image", "--image"},
    {"spec.root_disk.size_mib", "--disk"},
    {"spec.seed.hostname", "--hostname"},
    {"spec.seed.ssh_authorized_keys", "--ssh-key"},
    {"spec.seed.user_data", "--user-data"},
    {"spec.seed.network_config", "--network-config"},
    {"spec.platform", "--cpu-model"},
    {"shape.vcpus", "--vcpus"},
    {"shape.memory_mib", "--memory"},
    {"instance_type", "--type"},
    {"spec.autostart", "--autostart"},
    {"spec.auto_recover", "--auto-recover"},
    {"spec.crash_behavior", "--crash-behavior"},
    {"spec.termination_protection", "--termination-protection"},
    {"spec.name", "--name"},
    {"spec.tenant_id", "--tenant"},
    {"tenant_id", "--tenant"},
    {"spec.tags", "--tag"},
    {"instance_id", "--id"},
    {"request_id", "--request-id"},
    {"control_epoch", "--control-epoch"},
    {"timeout", "--grace"},
    {"max_bytes", "--bytes"},
    {"spec.boot", "--image or --kernel"},
}};

}  // namespace

std::string_view FlagOfField(std::string_view field) {
  for (const auto& [path, flag] : kFlags) {
    if (field.substr(0, path.size()) != path) continue;
    const std::string_view rest = field.substr(path.size());
    if (rest.empty() || rest.front() == '.' || rest.front() == '[') return flag;
  }
  return "";
}

}  // namespace berth::cli
