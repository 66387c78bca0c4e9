// SPDX-License-Identifier: Apache-2.0
// Which process a guest is. libvirt's pid file may outlive the process and its number be given to
// another one, so it counts only if that process was started for this guest's UUID.
#pragma once

#include <cstdint>
#include <string>

namespace berth::libvirt {

// Reads PID_DIRECTORY/NAME.pid and ROOT/proc/PID/cmdline; 0 if there is no such process or it is
// not this guest's. `root` is "" but in tests.
int64_t ReadGuestPid(const std::string& root, const std::string& pid_directory,
                     const std::string& name, const std::string& uuid);

}  // namespace berth::libvirt
