// SPDX-License-Identifier: Apache-2.0
// Whether the user that libvirt runs QEMU as may open /dev/kvm. Where the device is there and that
// user may not, libvirt throws away what it knows of QEMU at every call, and each start takes a
// minute.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "drivers/libvirt/accel.h"

namespace berth::libvirt {

struct DeviceAccess {
  mode_t mode = 0;
  uid_t owner = 0;
  gid_t group = 0;
};

struct QemuUser {
  std::string name;
  uid_t uid = 0;
  std::vector<gid_t> groups;
};

// Nothing if there is no such file.
std::optional<DeviceAccess> ReadDeviceAccess(const std::string& path);
// The user of ROOT/etc/libvirt/qemu.conf, else Debian's libvirt-qemu, with the groups it has.
QemuUser ReadQemuUser(const std::string& root);
// For reading and writing, by the permission bits.
bool MayOpen(const DeviceAccess& device, const QemuUser& user);
// "mode 0600, owner root, group root".
std::string Describe(const DeviceAccess& device);

}  // namespace berth::libvirt
