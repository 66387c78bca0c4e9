// SPDX-License-Identifier: Apache-2.0
#include "cli/create_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>

#include "cli/failure.h"
#include "cli/input_files.h"
#include "cli/sizes.h"

namespace berth::cli {
namespace {

namespace v1 = berth::v1;

StatusOr<int64_t> MibOf(const std::string& flag, const std::string& text) {
  StatusOr<int64_t> mib = ParseMib(text);
  if (mib.ok()) return mib;
  return BadUsage(fmt::format("{} {}: {}", flag, text, MessageOf(mib.status())));
}

// "same-tenant" is CORE_SHARING_SAME_TENANT.
template <typename Enum>
Status FillChoice(const char* flag, const std::string& text, const std::string& prefix,
                  bool (*parse)(const std::string&, Enum*), Enum* value) {
  if (text.empty()) return OkStatus();
  std::string name = prefix + text;
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
    return c == '-' ? '_' : static_cast<char>(std::toupper(c));
  });
  if (parse(name, value)) return OkStatus();
  return BadUsage(fmt::format("{} {}: not one of its values; see --help", flag, text));
}

StatusOr<int64_t> NumberOf(const char* flag, const std::string& text) {
  int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc() && stopped == end && number >= 0 &&
      number <= std::numeric_limits<int32_t>::max())
    return number;
  return BadUsage(fmt::format("{} {}: not a number", flag, text));
}

Status FillPageSize(const std::string& text, v1::Shape& shape) {
  if (text.empty()) return OkStatus();
  if (text.find_first_not_of("0123456789") == std::string::npos) {
    BERTH_ASSIGN_OR_RETURN(const int64_t kib, NumberOf("--page-size", text));
    shape.mutable_page_size()->set_size_kib(kib);
    return OkStatus();
  }
  v1::PageSizeKind kind = v1::PAGE_SIZE_KIND_UNSPECIFIED;
  BERTH_RETURN_IF_ERROR(
      FillChoice("--page-size", text, "PAGE_SIZE_KIND_", v1::PageSizeKind_Parse, &kind));
  shape.mutable_page_size()->set_kind(kind);
  return OkStatus();
}

Status FillPlacement(const CreateArgs& args, v1::Shape& shape) {
  auto cpu = v1::CPU_POLICY_UNSPECIFIED;
  auto smt = v1::SMT_POLICY_UNSPECIFIED;
  auto sharing = v1::CORE_SHARING_UNSPECIFIED;
  auto emulator = v1::EMULATOR_POLICY_UNSPECIFIED;
  BERTH_RETURN_IF_ERROR(
      FillChoice("--cpu-policy", args.cpu_policy, "CPU_POLICY_", v1::CpuPolicy_Parse, &cpu));
  BERTH_RETURN_IF_ERROR(
      FillChoice("--smt-policy", args.smt_policy, "SMT_POLICY_", v1::SmtPolicy_Parse, &smt));
  BERTH_RETURN_IF_ERROR(FillChoice("--core-sharing", args.core_sharing, "CORE_SHARING_",
                                   v1::CoreSharing_Parse, &sharing));
  BERTH_RETURN_IF_ERROR(FillChoice("--emulator-policy", args.emulator_policy, "EMULATOR_POLICY_",
                                   v1::EmulatorPolicy_Parse, &emulator));
  shape.set_cpu_policy(cpu);
  shape.set_dedicated_vcpus(args.dedicated_vcpus);
  shape.set_smt_policy(smt);
  shape.set_core_sharing(sharing);
  shape.set_emulator_policy(emulator);
  if (args.numa_cells) {
    BERTH_ASSIGN_OR_RETURN(const int64_t cells,
                           NumberOf("--numa-cells", std::to_string(*args.numa_cells)));
    shape.mutable_numa()->set_equal_cell_count(static_cast<int32_t>(cells));
  }
  for (const std::string& node : args.nodes) {
    BERTH_ASSIGN_OR_RETURN(const int64_t id, NumberOf("--node", node));
    shape.add_node_set(static_cast<int32_t>(id));
  }
  return FillPageSize(args.page_size, shape);
}

bool AsksPlacement(const CreateArgs& args) {
  return !args.cpu_policy.empty() || !args.dedicated_vcpus.empty() || !args.smt_policy.empty() ||
         !args.core_sharing.empty() || !args.emulator_policy.empty() || !args.page_size.empty() ||
         args.numa_cells || !args.nodes.empty() || args.reserve_when_stopped;
}

}  // namespace

bool GivesShape(const CreateArgs& args) {
  return !args.type.empty() || args.vcpus || !args.memory.empty() || AsksPlacement(args);
}

StatusOr<int64_t> DiskOf(const CreateArgs& args) {
  return args.disk.empty() ? StatusOr<int64_t>(0) : MibOf("--disk", args.disk);
}

Status FillShape(const CreateArgs& args, v1::InstanceSpec& spec) {
  const bool custom = args.vcpus || !args.memory.empty();
  if (!args.type.empty() && (custom || AsksPlacement(args)))
    return BadUsage(
        "--type: excludes --vcpus, --memory and the policies of a shape; leave it or them out");
  if (!args.type.empty()) {
    spec.set_instance_type(args.type);
    return OkStatus();
  }
  if (!custom)
    return BadUsage("--type: give one (berthctl types lists them), or --vcpus and --memory");
  if (!args.vcpus) return BadUsage("--vcpus: needed beside --memory");
  if (args.memory.empty()) return BadUsage("--memory: needed beside --vcpus");
  if (*args.vcpus < 0 || *args.vcpus > std::numeric_limits<int32_t>::max())
    return BadUsage(fmt::format("--vcpus {}: not a number of vCPUs", *args.vcpus));
  BERTH_ASSIGN_OR_RETURN(const int64_t memory_mib, MibOf("--memory", args.memory));
  spec.mutable_shape()->set_vcpus(static_cast<int32_t>(*args.vcpus));
  spec.mutable_shape()->set_memory_mib(memory_mib);
  spec.mutable_shape()->set_reserve_when_stopped(args.reserve_when_stopped);
  return FillPlacement(args, *spec.mutable_shape());
}

namespace {

void FillPlatform(const std::string& cpu_model, v1::InstanceSpec& spec) {
  if (cpu_model.empty()) return;
  v1::PlatformSpec& platform = *spec.mutable_platform();
  if (cpu_model == "host-passthrough")
    return platform.set_cpu_model_policy(v1::CPU_MODEL_POLICY_HOST_PASSTHROUGH);
  if (cpu_model == "host-model")
    return platform.set_cpu_model_policy(v1::CPU_MODEL_POLICY_HOST_MODEL);
  platform.set_cpu_model_policy(v1::CPU_MODEL_POLICY_NAMED);
  platform.set_cpu_model(cpu_model);
}

Status FillBoot(const CreateArgs& args, v1::InstanceSpec& spec) {
  v1::BootSource& boot = *spec.mutable_boot();
  if (args.kernel.empty()) {
    if (!args.initrd.empty()) return BadUsage("--initrd: goes with --kernel");
    if (!args.cmdline.empty()) return BadUsage("--cmdline: goes with --kernel");
    if (args.image.empty())
      return BadUsage(
          "--image: say what to boot: --image FILE, or --kernel FILE with --initrd FILE");
    boot.mutable_disk()->set_image(args.image);
    return OkStatus();
  }
  boot.mutable_kernel()->set_kernel(args.kernel);
  boot.mutable_kernel()->set_initrd(args.initrd);
  boot.mutable_kernel()->set_command_line(args.cmdline);
  boot.mutable_kernel()->set_image(args.image);
  return OkStatus();
}

Status FillSeed(const CreateArgs& args, v1::InstanceSpec& spec) {
  if (args.hostname.empty() && args.ssh_keys.empty() && args.user_data.empty() &&
      args.network_config.empty())
    return OkStatus();
  v1::SeedSpec& seed = *spec.mutable_seed();
  seed.set_hostname(args.hostname);
  for (const std::string& file : args.ssh_keys) {
    BERTH_ASSIGN_OR_RETURN(const auto keys, ReadPublicKeys("--ssh-key", file));
    for (const std::string& key : keys) seed.add_ssh_authorized_keys(key);
  }
  if (!args.user_data.empty()) {
    BERTH_ASSIGN_OR_RETURN(auto text,
                           ReadInputFile("--user-data", args.user_data, kUserDataBytesMax));
    seed.set_user_data(std::move(text));
  }
  if (!args.network_config.empty()) {
    BERTH_ASSIGN_OR_RETURN(
        auto text, ReadInputFile("--network-config", args.network_config, kUserDataBytesMax));
    seed.set_network_config(std::move(text));
  }
  return OkStatus();
}

Status FillBehavior(const CreateArgs& args, v1::InstanceSpec& spec) {
  spec.set_autostart(args.autostart);
  spec.set_auto_recover(args.auto_recover);
  if (!args.crash_behavior.empty())
    BERTH_RETURN_IF_ERROR(FillCrashBehavior(args.crash_behavior, spec));
  spec.set_termination_protection(args.termination_protection);
  return args.shutdown_behavior.empty() ? OkStatus()
                                        : FillShutdownBehavior(args.shutdown_behavior, spec);
}

}  // namespace

Status FillTags(const std::vector<std::string>& tags, v1::InstanceSpec& spec) {
  for (const std::string& tag : tags) {
    const size_t equals = tag.find('=');
    if (equals == std::string::npos || equals == 0)
      return BadUsage(fmt::format("--tag {}: write it KEY=VALUE", tag));
    const auto [it, added] =
        spec.mutable_tags()->insert({tag.substr(0, equals), tag.substr(equals + 1)});
    if (!added) return BadUsage(fmt::format("--tag {}: the key is given twice", tag));
  }
  return OkStatus();
}

Status FillShutdownBehavior(const std::string& word, v1::InstanceSpec& spec) {
  if (word == "stop") {
    spec.set_instance_initiated_shutdown_behavior(v1::SHUTDOWN_BEHAVIOR_STOP);
  } else if (word == "terminate") {
    spec.set_instance_initiated_shutdown_behavior(v1::SHUTDOWN_BEHAVIOR_TERMINATE);
  } else {
    return BadUsage(fmt::format("--shutdown-behavior {}: it is stop or terminate", word));
  }
  return OkStatus();
}

Status FillCrashBehavior(const std::string& word, v1::InstanceSpec& spec) {
  if (word == "stop") {
    spec.set_crash_behavior(v1::CRASH_BEHAVIOR_STOP);
  } else if (word == "restart") {
    spec.set_crash_behavior(v1::CRASH_BEHAVIOR_RESTART);
  } else if (word == "dump") {
    spec.set_crash_behavior(v1::CRASH_BEHAVIOR_DUMP_AND_STOP);
  } else {
    return BadUsage(fmt::format("--crash-behavior {}: it is stop, restart or dump", word));
  }
  return OkStatus();
}

StatusOr<v1::CreateInstanceRequest> MakeCreateRequest(const CreateArgs& args,
                                                      const v1::InstanceSpec& begun) {
  v1::CreateInstanceRequest request;
  request.set_validate_only(args.dry_run);
  request.set_instance_id(args.id);
  v1::InstanceSpec& spec = *request.mutable_spec();
  spec = begun;
  spec.set_name(args.name);
  spec.set_tenant_id(args.tenant);
  const bool has_shape = spec.has_shape() || !spec.instance_type().empty();
  if (!has_shape || GivesShape(args)) BERTH_RETURN_IF_ERROR(FillShape(args, spec));
  BERTH_RETURN_IF_ERROR(FillBoot(args, spec));
  FillPlatform(args.cpu_model, spec);
  BERTH_ASSIGN_OR_RETURN(const int64_t disk_mib, DiskOf(args));
  if (disk_mib > 0) spec.mutable_root_disk()->set_size_mib(disk_mib);
  BERTH_RETURN_IF_ERROR(FillSeed(args, spec));
  BERTH_RETURN_IF_ERROR(FillTags(args.tags, spec));
  BERTH_RETURN_IF_ERROR(FillBehavior(args, spec));
  return request;
}

}  // namespace berth::cli
