// SPDX-License-Identifier: Apache-2.0
#include "drivers/storage/seed.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/base/ids.h"

namespace berth {
namespace {

using Json = nlohmann::ordered_json;

// YAML forbids some characters that JSON lets through in strings: DEL, C1 controls, U+FFFE, U+FFFF.
// All lie inside strings of `json`, where an escape means the same.
std::string EscapeForYaml(const std::string& json) {
  std::string yaml;
  yaml.reserve(json.size());
  for (size_t i = 0; i < json.size(); ++i) {
    const auto byte = [&](size_t at) {
      return at < json.size() ? static_cast<unsigned char>(json[at]) : 0U;
    };
    if (byte(i) == 0x7f) {
      yaml += "\\u007f";
    } else if (byte(i) == 0xc2 && byte(i + 1) >= 0x80 && byte(i + 1) <= 0x9f) {
      yaml += fmt::format("\\u{:04x}", byte(i + 1));
      i += 1;
    } else if (byte(i) == 0xef && byte(i + 1) == 0xbf && byte(i + 2) >= 0xbe) {
      yaml += fmt::format("\\uff{:02x}", byte(i + 2) + 0x40);
      i += 2;
    } else {
      yaml += json[i];
    }
  }
  return yaml;
}

// Text that is not UTF-8 gets replacement characters: a seed with a strange key comment is better
// than an instance that cannot be made.
std::string Dump(const Json& json) {
  return EscapeForYaml(json.dump(1, ' ', false, Json::error_handler_t::replace)) + "\n";
}

std::string MetaData(const std::string& instance_id, const model::FirstBoot& first_boot) {
  Json json;
  json["instance-id"] = instance_id;
  json["local-hostname"] = first_boot.hostname.empty() ? instance_id : first_boot.hostname;
  if (!first_boot.ssh_authorized_keys.empty()) json["public-keys"] = first_boot.ssh_authorized_keys;
  return Dump(json);
}

std::string DefaultNetworkConfig(const std::string& instance_id) {
  Json ethernet;
  ethernet["match"]["macaddress"] = MacAddress(instance_id);
  ethernet["dhcp4"] = true;
  Json json;
  json["version"] = 2;
  json["ethernets"]["primary"] = ethernet;
  return Dump(json);
}

}  // namespace

SeedFiles MakeSeedFiles(const std::string& instance_id, const model::FirstBoot& first_boot) {
  return {.meta_data = MetaData(instance_id, first_boot),
          .user_data = first_boot.user_data,
          .network_config = first_boot.network_config.empty() ? DefaultNetworkConfig(instance_id)
                                                              : first_boot.network_config,
          .vendor_data = ""};
}

}  // namespace berth
