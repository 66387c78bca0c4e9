// SPDX-License-Identifier: Apache-2.0
#include "agent/ledger/ledger_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth {
namespace {

constexpr mode_t kOwnerOnly = S_IRUSR | S_IWUSR;

// errno as a Status; read at once after the call that failed.
Status LastSystemError(std::string_view doing, const std::string& path) {
  const int error = errno;
  const std::string message = fmt::format("{} {}: {}", doing, path, std::strerror(error));
  if (error == ENOSPC || error == EDQUOT)
    return MakeError(StatusCode::kResourceExhausted, reasons::kStorageFull, message);
  return MakeError(StatusCode::kUnavailable, reasons::kLedgerUnavailable, message);
}

StatusOr<UniqueFd> OpenFile(const std::string& path, int flags) {
  UniqueFd fd(open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, kOwnerOnly));
  if (!fd.ok()) return LastSystemError("opening", path);
  return fd;
}

Status SyncDirectoryOf(const std::string& path) {
  std::string directory = std::filesystem::path(path).parent_path();
  if (directory.empty()) directory = ".";
  BERTH_ASSIGN_OR_RETURN(const UniqueFd fd, OpenFile(directory, O_RDONLY | O_DIRECTORY));
  return fsync(fd.get()) == 0 ? OkStatus() : LastSystemError("syncing", directory);
}

// Who holds the lock, as it wrote itself; only for the message.
std::string HolderOf(int fd) {
  std::array<char, 32> text{};
  const ssize_t size = pread(fd, text.data(), text.size() - 1, 0);
  return size > 0
             ? fmt::format("process {}", std::string_view(text.data(), static_cast<size_t>(size)))
             : "another process";
}

}  // namespace

StatusOr<UniqueFd> LockLedger(const std::string& path) {
  const std::string lock_path = path + ".lock";
  BERTH_ASSIGN_OR_RETURN(UniqueFd fd, OpenFile(lock_path, O_RDWR | O_CREAT));
  if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return LastSystemError("locking", lock_path);
    return MakeError(
        StatusCode::kFailedPrecondition, reasons::kLedgerUnavailable,
        fmt::format("{} is in use by {}: one agent per state directory", path, HolderOf(fd.get())));
  }
  const std::string pid = std::to_string(getpid());
  const bool written = ftruncate(fd.get(), 0) == 0 && pwrite(fd.get(), pid.data(), pid.size(), 0) ==
                                                          static_cast<ssize_t>(pid.size());
  // The lock holds without the note of who we are, which a full disk may refuse.
  static_cast<void>(written);
  return fd;
}

Status EnsureLedgerFile(const std::string& path) {
  BERTH_ASSIGN_OR_RETURN(const UniqueFd fd, OpenFile(path, O_RDWR | O_CREAT | O_NONBLOCK));
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) return LastSystemError("reading", path);
  if (!S_ISREG(info.st_mode))
    return MakeError(StatusCode::kFailedPrecondition, reasons::kLedgerUnavailable,
                     fmt::format("{} is not a regular file", path));
  if ((info.st_mode & 0777) != kOwnerOnly && fchmod(fd.get(), kOwnerOnly) != 0)
    return LastSystemError("closing to others", path);
  return SyncDirectoryOf(path);
}

Status MakeEmptyFile(const std::string& path) {
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return LastSystemError("removing", path);
  return OpenFile(path, O_RDWR | O_CREAT | O_EXCL).status();
}

Status SyncAndRename(const std::string& from, const std::string& to) {
  BERTH_ASSIGN_OR_RETURN(const UniqueFd fd, OpenFile(from, O_RDWR));
  if (fsync(fd.get()) != 0) return LastSystemError("syncing", from);
  if (std::rename(from.c_str(), to.c_str()) != 0) return LastSystemError("renaming", from);
  return SyncDirectoryOf(to);
}

}  // namespace berth
