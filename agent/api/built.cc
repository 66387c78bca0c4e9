// SPDX-License-Identifier: Apache-2.0
#include "agent/api/built.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace berth::api {
namespace {

constexpr std::array<std::string_view, 12> kFieldsNotBuilt = {
    "berth.v1.InstanceSpec.volumes",
    "berth.v1.InstanceSpec.instance_store_disks",
    "berth.v1.InstanceSpec.network_interfaces",
    "berth.v1.BootSource.installer",
    "berth.v1.RootDisk.limits",
    "berth.v1.SeedSpec.vendor_data",
    "berth.v1.SeedSpec.eject_after_boot",
    "berth.v1.SeedSpec.disabled",
    "berth.v1.PlatformSpec.secure_boot",
    "berth.v1.PlatformSpec.tpm",
    "berth.v1.PlatformSpec.graphics",
    "berth.v1.Shape.devices",
};

// Of these enums only the default is served, by its own name or as UNSPECIFIED.
constexpr std::array<std::string_view, 2> kDefaultsOnly = {
    "FIRMWARE_BIOS",
    "GUEST_OS_LINUX",
};

}  // namespace

bool IsBuilt(const google::protobuf::FieldDescriptor& field) {
  return std::find(kFieldsNotBuilt.begin(), kFieldsNotBuilt.end(), field.full_name()) ==
         kFieldsNotBuilt.end();
}

bool IsBuilt(const google::protobuf::EnumValueDescriptor& value) {
  const google::protobuf::EnumDescriptor& type = *value.type();
  for (const std::string_view name : kDefaultsOnly) {
    const auto* only = type.FindValueByName(std::string(name));
    if (only != nullptr) return value.number() == 0 || value.number() == only->number();
  }
  return true;
}

}  // namespace berth::api
