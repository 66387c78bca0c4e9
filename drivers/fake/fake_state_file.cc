// SPDX-License-Identifier: Apache-2.0
#include "drivers/fake/fake_state_file.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace berth {
namespace {

using nlohmann::json;

}  // namespace

// Found by the JSON library through these names.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(GuestDisk, path, format, target, serial, read_only)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(GuestSpec, instance_id, node_id, ledger_id, generation,
                                   record_json, vcpus, memory_mib, disks, kernel, initrd,
                                   command_line, console_log, mac_address)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(GuestState, name, instance_id, node_id, generation, record_json,
                                   power, off_reason, crashed, persistent, vcpus, memory_mib, pid,
                                   accel, uuid, managed_save)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(FakeGuest, spec, state, power_button, frozen, boots, nmis, dumps)

StatusOr<std::map<std::string, FakeGuest>> ReadFakeGuests(const std::string& path) {
  std::ifstream file(path);
  if (!file) return std::map<std::string, FakeGuest>{};
  try {
    return json::parse(file).get<std::map<std::string, FakeGuest>>();
  } catch (const json::exception& e) {
    return Status(StatusCode::kDataLoss,
                  fmt::format("reading {}: {}; remove it to start without guests", path, e.what()));
  }
}

Status WriteFakeGuests(const std::string& path, const std::map<std::string, FakeGuest>& guests) {
  const std::string scratch = path + ".new";
  std::ofstream file(scratch, std::ios::trunc);
  file << json(guests).dump(1, ' ', false, json::error_handler_t::replace);
  file.close();
  if (file && std::rename(scratch.c_str(), path.c_str()) == 0) return OkStatus();
  return Status(StatusCode::kInternal, fmt::format("writing {}: {}", path, std::strerror(errno)));
}

}  // namespace berth
