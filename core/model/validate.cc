// SPDX-License-Identifier: Apache-2.0
// Field paths are those of proto/berth/v1 (InstanceSpec and below), which is where a caller looks.
#include "core/model/validate.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/model/text.h"
#include "core/model/validate_shape.h"

namespace berth::model {
namespace {

using Violations = std::vector<FieldViolation>;

bool IsAlnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool IsAllOf(std::string_view text, std::string_view others) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return IsAlnum(c) || others.find(c) != std::string_view::npos;
  });
}

bool IsPrintableAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 0x7F; });
}

void CheckName(const std::string& name, Violations& out) {
  const bool good = name.size() <= kNameBytesMax && IsAllOf(name, " ._:+=@-") &&
                    (name.empty() || IsAlnum(name.front())) && name.find("..") == std::string::npos;
  if (!good)
    out.push_back({"spec.name",
                   fmt::format("use at most {} letters, digits, spaces and ._:+=@-, beginning with "
                               "a letter or digit, without \"..\"",
                               kNameBytesMax)});
}

void CheckTenant(const std::string& tenant, Violations& out) {
  const bool good = tenant.size() <= kTenantIdBytesMax && IsAllOf(tenant, "._-") &&
                    (tenant.empty() || IsAlnum(tenant.front()));
  if (!good)
    out.push_back(
        {"spec.tenant_id", fmt::format("use at most {} letters, digits and ._-, beginning "
                                       "with a letter or digit",
                                       kTenantIdBytesMax)});
}

// The key as shown in a path, so that a huge one does not make a huge answer.
std::string TagPath(std::string_view key) {
  const bool show = key.size() <= kTagKeyCharactersMax && IsPrintableAscii(key);
  return fmt::format("spec.tags[\"{}\"]", show ? key : "…");
}

// `text` in UTF-8 without control characters, at most `limit` characters of it.
bool IsShortText(std::string_view text, size_t limit) {
  // Four bytes make a character at most, so that a huge text is not looked through.
  return text.size() <= 4 * limit && IsPlainText(text) && CharacterCount(text) <= limit;
}

void CheckTag(const std::string& key, const std::string& value, Violations& out) {
  if (key.empty() || !IsShortText(key, kTagKeyCharactersMax))
    out.push_back({TagPath(key), fmt::format("a key is 1 to {} characters of UTF-8, none of them a "
                                             "control character",
                                             kTagKeyCharactersMax)});
  else if (key.starts_with("berth:"))
    out.push_back({TagPath(key), "keys that begin with \"berth:\" are kept for Berth itself"});
  if (!IsShortText(value, kTagValueCharactersMax))
    out.push_back({TagPath(key), fmt::format("a value is at most {} characters of UTF-8, none of "
                                             "them a control character",
                                             kTagValueCharactersMax)});
}

void CheckTags(const InstanceSpec& spec, Violations& out) {
  if (spec.tags.size() > kTagsMax)
    out.push_back(
        {"spec.tags", fmt::format("give at most {}, not {}", kTagsMax, spec.tags.size())});
  size_t left = kTagsMax;  // Of too many not each one is named as well.
  for (const auto& [key, value] : spec.tags) {
    if (left-- == 0) return;
    CheckTag(key, value, out);
  }
}

void CheckShape(const InstanceSpec& spec, Violations& out) {
  if (!spec.instance_type.empty() &&
      (!IsFileName(spec.instance_type) || spec.instance_type.size() > kInstanceTypeBytesMax))
    out.push_back(
        {"spec.instance_type",
         fmt::format("use the name of a type of this node's catalogue: at most {} letters, "
                     "digits and ._-",
                     kInstanceTypeBytesMax)});
  if (!spec.instance_type.empty()) return;
  for (FieldViolation& fault : ValidateShape(spec.shape, "spec.shape"))
    out.push_back(std::move(fault));
}

void CheckFileName(const char* path, const std::string& name, Violations& out) {
  if (name.empty() || IsFileName(name)) return;
  out.push_back({path, fmt::format("use the name of a file in the image directory: at most {} "
                                   "letters, digits and ._-, not beginning with a dot or dash",
                                   kFileNameBytesMax)});
}

void CheckBoot(const BootSource& boot, Violations& out) {
  const bool direct = !boot.kernel.empty();
  if (!direct && boot.image.empty())
    out.push_back({"spec.boot", "name a disk image or a kernel to boot"});
  CheckFileName(direct ? "spec.boot.kernel.image" : "spec.boot.disk.image", boot.image, out);
  CheckFileName("spec.boot.kernel.kernel", boot.kernel, out);
  CheckFileName("spec.boot.kernel.initrd", boot.initrd, out);
  if (!direct && !boot.initrd.empty())
    out.push_back({"spec.boot.kernel.initrd", "give it only together with a kernel"});
  if (!direct && !boot.command_line.empty())
    out.push_back({"spec.boot.kernel.command_line", "give it only together with a kernel"});
  if (boot.command_line.size() > kCommandLineBytesMax || !IsPrintableAscii(boot.command_line))
    out.push_back({"spec.boot.kernel.command_line",
                   fmt::format("use at most {} bytes of printable ASCII", kCommandLineBytesMax)});
}

void CheckRootDisk(const InstanceSpec& spec, Violations& out) {
  const int64_t size = spec.root_disk_mib;
  if (size < 0 || size > kRootDiskMibMax)
    out.push_back({"spec.root_disk.size_mib",
                   fmt::format("choose 1 to {} MiB, or 0 for the image's own size, not {}",
                               kRootDiskMibMax, size)});
  else if (size > 0 && spec.boot.image.empty())
    out.push_back(
        {"spec.root_disk.size_mib", "a root disk needs an image: name one, or leave it 0"});
}

void CheckSshKeys(const std::vector<std::string>& keys, Violations& out) {
  if (keys.size() > kSshKeysMax)
    out.push_back({"spec.seed.ssh_authorized_keys",
                   fmt::format("give at most {}, not {}", kSshKeysMax, keys.size())});
  for (size_t i = 0; i < std::min(keys.size(), kSshKeysMax); ++i) {
    if (!keys[i].empty() && keys[i].size() <= kSshKeyBytesMax && IsPlainText(keys[i])) continue;
    out.push_back({fmt::format("spec.seed.ssh_authorized_keys[{}]", i),
                   fmt::format("a key is one line of 1 to {} bytes, as in authorized_keys",
                               kSshKeyBytesMax)});
  }
}

void CheckFirstBoot(const FirstBoot& first_boot, Violations& out) {
  if (!first_boot.hostname.empty() && !IsHostname(first_boot.hostname))
    out.push_back(
        {"spec.seed.hostname",
         "use letters, digits and dashes, in labels of at most 63 parted by dots, 253 in all"});
  CheckSshKeys(first_boot.ssh_authorized_keys, out);
  const auto check_size = [&](const char* path, size_t size, size_t limit) {
    if (size > limit)
      out.push_back({path, fmt::format("give at most {} bytes, not {}", limit, size)});
  };
  check_size("spec.seed.user_data", first_boot.user_data.size(), kUserDataBytesMax);
  check_size("spec.seed.network_config", first_boot.network_config.size(), kNetworkConfigBytesMax);
}

void CheckPlatform(const Platform& platform, Violations& out) {
  const bool named = platform.cpu_model_policy == CpuModelPolicy::kNamed;
  const std::string& name = platform.cpu_model;
  if (!named && !name.empty())
    out.push_back({"spec.platform.cpu_model", "give it only with the policy NAMED"});
  if (named && (name.empty() || name.size() > kCpuModelBytesMax || !IsAllOf(name, "._-")))
    out.push_back({"spec.platform.cpu_model",
                   fmt::format("name a model of the hypervisor's: 1 to {} letters, digits and ._-",
                               kCpuModelBytesMax)});
}

bool IsHostnameLabel(std::string_view label) {
  return !label.empty() && label.size() <= 63 && IsAllOf(label, "-") && label.front() != '-' &&
         label.back() != '-';
}

}  // namespace

std::vector<FieldViolation> Validate(const InstanceSpec& spec) {
  Violations out;
  CheckName(spec.name, out);
  CheckTenant(spec.tenant_id, out);
  CheckTags(spec, out);
  CheckShape(spec, out);
  CheckBoot(spec.boot, out);
  CheckRootDisk(spec, out);
  CheckFirstBoot(spec.first_boot, out);
  CheckPlatform(spec.platform, out);
  return out;
}

bool IsFileName(std::string_view name) {
  return !name.empty() && name.size() <= kFileNameBytesMax && IsAllOf(name, "._-") &&
         name.front() != '.' && name.front() != '-';
}

bool IsHostname(std::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  for (;;) {
    const size_t dot = name.find('.');
    if (!IsHostnameLabel(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

}  // namespace berth::model
