// SPDX-License-Identifier: Apache-2.0
// What a guest is told at its first boot, in cloud-init's NoCloud form: four small files.
//
// Pure functions. What Berth writes itself is JSON, which is valid YAML, made by a JSON library: no
// host name or key can break out of its string. User data and a given network configuration are
// passed on byte by byte.
#pragma once

#include <string>

#include "core/model/instance_spec.h"

namespace berth {

struct SeedFiles {
  std::string meta_data;
  std::string user_data;
  std::string network_config;
  std::string vendor_data;
  bool operator==(const SeedFiles&) const = default;
};

// The instance-id is `instance_id`, so that first-boot work runs once per instance; the host name
// is the spec's or else the id; without a network configuration the first interface (its MAC is
// MacAddress(instance_id)) asks DHCP for IPv4.
SeedFiles MakeSeedFiles(const std::string& instance_id, const model::FirstBoot& first_boot);

}  // namespace berth
