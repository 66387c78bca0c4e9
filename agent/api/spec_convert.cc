// SPDX-License-Identifier: Apache-2.0
#include "agent/api/spec_convert.h"

#include "agent/api/shape_convert.h"
#include "core/base/check.h"

namespace berth::api {
namespace {

constexpr char kDefaultTenant[] = "default";

void ToBoot(const v1::BootSource& boot, model::BootSource& out, RequestFaults& faults) {
  switch (boot.source_case()) {
    case v1::BootSource::kDisk:
      out.image = boot.disk().image();
      if (out.image.empty())
        faults.Invalid("spec.boot.disk.image", "required: name a file of the image directory");
      return;
    case v1::BootSource::kKernel:
      out.kernel = boot.kernel().kernel();
      out.initrd = boot.kernel().initrd();
      out.command_line = boot.kernel().command_line();
      out.image = boot.kernel().image();
      if (out.kernel.empty())
        faults.Invalid("spec.boot.kernel.kernel", "required: name a file of the image directory");
      return;
    case v1::BootSource::kInstaller:  // Not built.
      return;
    case v1::BootSource::SOURCE_NOT_SET:
      faults.Invalid("spec.boot", "required: give disk (an image) or kernel");
      return;
  }
}

void ToFirstBoot(const v1::SeedSpec& seed, model::FirstBoot& out) {
  out.hostname = seed.hostname();
  out.ssh_authorized_keys = {seed.ssh_authorized_keys().begin(), seed.ssh_authorized_keys().end()};
  out.user_data = seed.user_data();
  out.network_config = seed.network_config();
}

void ToShapeOrType(const v1::InstanceSpec& spec, model::InstanceSpec& out, RequestFaults& faults) {
  out.instance_type = spec.instance_type();
  if (spec.has_shape()) out.shape = ToShape(spec.shape(), "spec.shape", faults);
  if (spec.has_shape() && !spec.instance_type().empty()) {
    faults.Invalid("spec.shape", "give instance_type or shape, not both");
  } else if (!spec.has_shape() && spec.instance_type().empty()) {
    faults.Invalid("spec.shape", "give either instance_type or shape");
  }
}

// A disk that stays after its instance needs volumes.
void ToRootDisk(const v1::RootDisk& disk, model::InstanceSpec& out, RequestFaults& faults) {
  out.root_disk_mib = disk.size_mib();
  if (disk.has_delete_on_termination() && !disk.delete_on_termination())
    faults.NotBuilt("spec.root_disk.delete_on_termination");
}

model::CpuModelPolicy ToCpuModelPolicy(v1::CpuModelPolicy policy) {
  if (policy == v1::CPU_MODEL_POLICY_HOST_PASSTHROUGH)
    return model::CpuModelPolicy::kHostPassthrough;
  if (policy == v1::CPU_MODEL_POLICY_HOST_MODEL) return model::CpuModelPolicy::kHostModel;
  if (policy == v1::CPU_MODEL_POLICY_NAMED) return model::CpuModelPolicy::kNamed;
  return model::CpuModelPolicy::kDefault;
}

v1::CpuModelPolicy FromCpuModelPolicy(model::CpuModelPolicy policy) {
  switch (policy) {
    case model::CpuModelPolicy::kHostPassthrough:
      return v1::CPU_MODEL_POLICY_HOST_PASSTHROUGH;
    case model::CpuModelPolicy::kHostModel:
      return v1::CPU_MODEL_POLICY_HOST_MODEL;
    case model::CpuModelPolicy::kNamed:
      return v1::CPU_MODEL_POLICY_NAMED;
    case model::CpuModelPolicy::kDefault:
      break;
  }
  return v1::CPU_MODEL_POLICY_UNSPECIFIED;
}

void FromBoot(const model::BootSource& boot, v1::BootSource& out) {
  if (boot.kernel.empty()) {
    out.mutable_disk()->set_image(boot.image);
    return;
  }
  out.mutable_kernel()->set_kernel(boot.kernel);
  out.mutable_kernel()->set_initrd(boot.initrd);
  out.mutable_kernel()->set_command_line(boot.command_line);
  out.mutable_kernel()->set_image(boot.image);
}

void FromFirstBoot(const model::FirstBoot& first_boot, v1::SeedSpec& out) {
  out.set_hostname(first_boot.hostname);
  for (const std::string& key : first_boot.ssh_authorized_keys) out.add_ssh_authorized_keys(key);
  out.set_network_config(first_boot.network_config);
}

model::CrashBehavior ToCrashBehavior(v1::CrashBehavior behavior) {
  switch (behavior) {
    case v1::CRASH_BEHAVIOR_RESTART:
      return model::CrashBehavior::kRestart;
    case v1::CRASH_BEHAVIOR_DUMP_AND_STOP:
      return model::CrashBehavior::kDumpAndStop;
    default:
      return model::CrashBehavior::kStop;
  }
}

v1::CrashBehavior FromCrashBehavior(model::CrashBehavior behavior) {
  switch (behavior) {
    case model::CrashBehavior::kStop:
      return v1::CRASH_BEHAVIOR_STOP;
    case model::CrashBehavior::kRestart:
      return v1::CRASH_BEHAVIOR_RESTART;
    case model::CrashBehavior::kDumpAndStop:
      return v1::CRASH_BEHAVIOR_DUMP_AND_STOP;
  }
  Fatal(__FILE__, __LINE__, "a crash behaviour of no kind", "");
}

}  // namespace

std::string ToTenant(const std::string& tenant_id) {
  return tenant_id.empty() ? kDefaultTenant : tenant_id;
}

model::InstanceSpec ToSpec(const v1::InstanceSpec& spec, RequestFaults& faults) {
  model::InstanceSpec out;
  out.name = spec.name();
  out.tenant_id = ToTenant(spec.tenant_id());
  out.tags = {spec.tags().begin(), spec.tags().end()};
  ToShapeOrType(spec, out, faults);
  ToBoot(spec.boot(), out.boot, faults);
  ToRootDisk(spec.root_disk(), out, faults);
  ToFirstBoot(spec.seed(), out.first_boot);
  out.platform = {ToCpuModelPolicy(spec.platform().cpu_model_policy()),
                  spec.platform().cpu_model()};
  out.autostart = spec.autostart();
  out.shutdown_behavior =
      spec.instance_initiated_shutdown_behavior() == v1::SHUTDOWN_BEHAVIOR_TERMINATE
          ? model::ShutdownBehavior::kTerminate
          : model::ShutdownBehavior::kStop;
  out.auto_recover = spec.auto_recover();
  out.crash_behavior = ToCrashBehavior(spec.crash_behavior());
  out.termination_protection = spec.termination_protection();
  return out;
}

v1::InstanceSpec FromSpec(const model::InstanceSpec& spec) {
  v1::InstanceSpec out;
  out.set_name(spec.name);
  out.set_tenant_id(spec.tenant_id);
  out.mutable_tags()->insert(spec.tags.begin(), spec.tags.end());
  out.set_instance_type(spec.instance_type);
  if (spec.instance_type.empty()) *out.mutable_shape() = FromShape(spec.shape);
  FromBoot(spec.boot, *out.mutable_boot());
  if (!spec.boot.image.empty()) {
    out.mutable_root_disk()->set_size_mib(spec.root_disk_mib);
    out.mutable_root_disk()->set_delete_on_termination(true);
  }
  FromFirstBoot(spec.first_boot, *out.mutable_seed());
  if (spec.platform != model::Platform{}) {
    out.mutable_platform()->set_cpu_model_policy(
        FromCpuModelPolicy(spec.platform.cpu_model_policy));
    out.mutable_platform()->set_cpu_model(spec.platform.cpu_model);
  }
  out.set_autostart(spec.autostart);
  out.set_instance_initiated_shutdown_behavior(spec.shutdown_behavior ==
                                                       model::ShutdownBehavior::kTerminate
                                                   ? v1::SHUTDOWN_BEHAVIOR_TERMINATE
                                                   : v1::SHUTDOWN_BEHAVIOR_STOP);
  out.set_auto_recover(spec.auto_recover);
  out.set_crash_behavior(FromCrashBehavior(spec.crash_behavior));
  out.set_termination_protection(spec.termination_protection);
  return out;
}

}  // namespace berth::api
