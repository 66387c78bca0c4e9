// SPDX-License-Identifier: Apache-2.0
#include "drivers/libvirt/guest_pid.h"

#include <fmt/format.h>

#include <fstream>

namespace berth::libvirt {
namespace {

// Arguments are separated by NUL: "-uuid", "be27…".
bool StartedForUuid(const std::string& cmdline_path, const std::string& uuid) {
  std::ifstream file(cmdline_path, std::ios::binary);
  bool next_is_uuid = false;
  for (std::string argument; std::getline(file, argument, '\0');) {
    if (next_is_uuid) return argument == uuid;
    next_is_uuid = argument == "-uuid";
  }
  return false;
}

}  // namespace

int64_t ReadGuestPid(const std::string& root, const std::string& pid_directory,
                     const std::string& name, const std::string& uuid) {
  // A foreign guest's name may hold anything libvirt allows; a slash it does not.
  if (name.empty() || name.find('/') != std::string::npos) return 0;
  std::ifstream file(fmt::format("{}/{}.pid", pid_directory, name));
  int64_t pid = 0;
  if (!(file >> pid) || pid <= 0) return 0;
  return StartedForUuid(fmt::format("{}/proc/{}/cmdline", root, pid), uuid) ? pid : 0;
}

}  // namespace berth::libvirt
