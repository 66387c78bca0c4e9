// SPDX-License-Identifier: Apache-2.0
#include "cli/instance_facts.h"

#include <map>

#include "cli/sizes.h"
#include "cli/wire_text.h"

namespace berth::cli {

namespace v1 = berth::v1;

const v1::Shape& ShapeOf(const v1::Instance& instance) {
  return instance.status().has_resolved_shape() ? instance.status().resolved_shape()
                                                : instance.spec().shape();
}

std::string TypeText(const v1::Instance& instance) {
  return instance.spec().instance_type().empty() ? "custom" : instance.spec().instance_type();
}

std::string BootText(const v1::InstanceSpec& spec) {
  const v1::BootSource& boot = spec.boot();
  switch (boot.source_case()) {
    case v1::BootSource::kDisk:
      return boot.disk().image();
    case v1::BootSource::kKernel:
      return "kernel " + boot.kernel().kernel();
    case v1::BootSource::kInstaller:
      return "installer " + boot.installer().iso();
    case v1::BootSource::SOURCE_NOT_SET:
      return "";
  }
  return "";
}

std::string CpuText(const v1::InstanceSpec& spec) {
  switch (spec.platform().cpu_model_policy()) {
    case v1::CPU_MODEL_POLICY_HOST_PASSTHROUGH:
      return "the host's own";
    case v1::CPU_MODEL_POLICY_HOST_MODEL:
      return "like the host's";
    default:
      return spec.platform().cpu_model();
  }
}

std::string DiskText(const v1::Instance& instance) {
  for (const v1::DiskStatus& disk : instance.status().disks())
    if (disk.kind() == v1::DiskStatus::KIND_ROOT) return HumanMib(disk.size_mib());
  const int64_t asked = instance.spec().root_disk().size_mib();
  return asked == 0 ? "" : HumanMib(asked);
}

std::string AcceleratorText(v1::Accelerator accelerator) {
  if (accelerator == v1::ACCELERATOR_UNSPECIFIED) return "";
  return ShortName(accelerator, "ACCELERATOR_");
}

std::string NodesText(const v1::InstanceStatus& status) {
  std::string nodes;
  for (const v1::PlacementCell& cell : status.placement().cells())
    nodes += (nodes.empty() ? "" : ",") + std::to_string(cell.node());
  return nodes;
}

std::string TagsText(const v1::InstanceSpec& spec) {
  std::string text;
  for (const auto& [key, value] : std::map(spec.tags().begin(), spec.tags().end()))
    text += (text.empty() ? "" : " ") + key + "=" + value;
  return text;
}

}  // namespace berth::cli
