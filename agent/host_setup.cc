// SPDX-License-Identifier: Apache-2.0
#include "agent/host_setup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

#include "core/base/error.h"
#include "core/base/ids.h"
#include "core/base/reasons.h"

namespace berth {
namespace {

constexpr mode_t kDirectoryMode = 0711;
constexpr size_t kGroupBufferBytes = 16384;

Status SystemError(const std::string& doing, int error) {
  return absl::InternalError(fmt::format("{}: {}", doing, std::strerror(error)));
}

bool IsDirectory(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

// Who wrote itself into the lock file; "another process" if nobody can be read.
std::string HolderOf(int fd) {
  std::array<char, 32> text{};
  const ssize_t got = pread(fd, text.data(), text.size() - 1, 0);
  if (got <= 0) return "another process";
  return fmt::format("process {}", std::string(text.data(), static_cast<size_t>(got)));
}

std::string NodeIdPath(const std::string& state_dir) { return state_dir + "/node-id"; }

Status WriteAll(int fd, const std::string& text) {
  if (write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return SystemError("writing", errno);
  return OkStatus();
}

// A reader sees all of it or what was there before, after a power loss too.
Status WriteWhole(const std::string& path, const std::string& text) {
  const std::string unfinished = path + ".new";
  {
    const UniqueFd fd(
        open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!fd.ok()) return SystemError(fmt::format("making {}", unfinished), errno);
    BERTH_RETURN_IF_ERROR(WriteAll(fd.get(), text));
    if (fsync(fd.get()) != 0) return SystemError(fmt::format("syncing {}", unfinished), errno);
  }
  if (rename(unfinished.c_str(), path.c_str()) != 0)
    return SystemError(fmt::format("renaming {}", unfinished), errno);
  return OkStatus();
}

}  // namespace

Status MakeDirectory(const std::string& path, const std::string& setting) {
  for (size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (mkdir(part.c_str(), kDirectoryMode) != 0 && !IsDirectory(part))
      return MakeError(StatusCode::kFailedPrecondition, reasons::kInvalidField,
                       fmt::format("making the directory {}: {}; set {} to a place where the agent "
                                   "may write",
                                   part, std::strerror(errno), setting));
    if (slash == std::string::npos) return OkStatus();
  }
}

StatusOr<UniqueFd> LockStateDir(const std::string& state_dir) {
  const std::string path = state_dir + "/berthd.lock";
  UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.ok()) return SystemError(fmt::format("opening {}", path), errno);
  if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0)
    return MakeError(StatusCode::kFailedPrecondition, kStateDirInUse,
                     fmt::format("{} is in use by another agent ({}); stop it, or give this one a "
                                 "state_dir of its own (--state-dir)",
                                 state_dir, HolderOf(fd.get())));
  if (ftruncate(fd.get(), 0) != 0) return SystemError(fmt::format("clearing {}", path), errno);
  BERTH_RETURN_IF_ERROR(WriteAll(fd.get(), std::to_string(getpid())));
  return fd;
}

StatusOr<std::string> KeptNodeId(const std::string& state_dir) {
  std::ifstream file(NodeIdPath(state_dir));
  std::string id;
  if (!file.is_open() || !(file >> id)) return std::string();
  if (IsUuid(id)) return id;
  return MakeError(StatusCode::kFailedPrecondition, reasons::kInvalidField,
                   fmt::format("{} does not hold a node's id: remove it, or set node_id in the "
                               "config",
                               NodeIdPath(state_dir)));
}

Status KeepNodeId(const std::string& state_dir, const std::string& node_id) {
  const auto kept = KeptNodeId(state_dir);
  if (kept.ok() && *kept == node_id) return OkStatus();
  return WriteWhole(NodeIdPath(state_dir), node_id + "\n");
}

Status WritePortFile(const std::string& path, uint16_t port) {
  return WriteWhole(path, fmt::format("{}\n", port));
}

Status GiveToGroup(const std::string& path, const std::string& group) {
  std::vector<char> buffer(kGroupBufferBytes);
  struct group entry {};
  struct group* found = nullptr;
  getgrnam_r(group.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr)
    return InvalidField("api.socket_group",
                        fmt::format("there is no group \"{}\"; make it with groupadd", group));
  if (chown(path.c_str(), static_cast<uid_t>(-1), found->gr_gid) != 0)
    return SystemError(fmt::format("giving {} to group {}", path, group), errno);
  return OkStatus();
}

}  // namespace berth
