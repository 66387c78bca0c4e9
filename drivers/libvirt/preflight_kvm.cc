// SPDX-License-Identifier: Apache-2.0
#include "drivers/libvirt/preflight_kvm.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>

#include <algorithm>

#include "drivers/libvirt/libvirt_conf.h"

namespace berth::libvirt {
namespace {

constexpr char kDefaultUser[] = "libvirt-qemu";

std::string UserName(uid_t uid) {
  const passwd* entry = getpwuid(uid);  // NOLINT(concurrency-mt-unsafe): one-shot tool.
  return entry == nullptr ? std::to_string(uid) : entry->pw_name;
}
std::string GroupName(gid_t gid) {
  const group* entry = getgrgid(gid);  // NOLINT(concurrency-mt-unsafe)
  return entry == nullptr ? std::to_string(gid) : entry->gr_name;
}

std::vector<gid_t> GroupsOf(const std::string& user, gid_t primary) {
  int count = 64;
  std::vector<gid_t> groups(static_cast<size_t>(count));
  if (getgrouplist(user.c_str(), primary, groups.data(), &count) < 0) {
    groups.resize(static_cast<size_t>(count));
    getgrouplist(user.c_str(), primary, groups.data(), &count);
  }
  groups.resize(static_cast<size_t>(count));
  return groups;
}

}  // namespace

std::optional<DeviceAccess> ReadDeviceAccess(const std::string& path) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0) return std::nullopt;
  return DeviceAccess{status.st_mode & 07777U, status.st_uid, status.st_gid};
}

QemuUser ReadQemuUser(const std::string& root) {
  QemuUser user;
  user.name = ConfValue(root + "/etc/libvirt/qemu.conf", "user").value_or(kDefaultUser);
  if (user.name[0] == '+') user.name.erase(0, 1);     // "+0" is the user id 0.
  const passwd* entry = getpwnam(user.name.c_str());  // NOLINT(concurrency-mt-unsafe)
  if (entry == nullptr) return user;  // A number, or no such user: root's id stands.
  user.uid = entry->pw_uid;
  user.groups = GroupsOf(user.name, entry->pw_gid);
  return user;
}

bool MayOpen(const DeviceAccess& device, const QemuUser& user) {
  if (user.uid == 0) return true;
  const auto both = [&](unsigned shift) { return (device.mode >> shift & 06U) == 06U; };
  if (user.uid == device.owner) return both(6);
  if (std::find(user.groups.begin(), user.groups.end(), device.group) != user.groups.end())
    return both(3);
  return both(0);
}

std::string Describe(const DeviceAccess& device) {
  return fmt::format("mode {:04o}, owner {}, group {}", device.mode, UserName(device.owner),
                     GroupName(device.group));
}

}  // namespace berth::libvirt
