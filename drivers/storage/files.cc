// SPDX-License-Identifier: Apache-2.0
#include "drivers/storage/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>

#include "drivers/storage/posix_error.h"

namespace berth {
namespace {

constexpr mode_t kDirectoryMode = 0711;
// An instance's directory is flat; whatever is nested deeper than this is not ours to walk.
constexpr int kDepthMax = 16;

constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

bool IsDirectory(const UniqueFd& parent, const std::string& name) {
  struct stat info;
  return fstatat(parent.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISDIR(info.st_mode);
}

Status RemoveTreeAt(const UniqueFd& parent, const std::string& name, int depth) {
  if (!IsDirectory(parent, name)) return RemoveFile(parent, name);
  if (depth == 0)
    return Status(StatusCode::kInternal, fmt::format("removing {}: nested too deep", name));
  StatusOr<UniqueFd> directory = OpenSubdirectory(parent, name);
  if (directory.status().code() == StatusCode::kNotFound) return OkStatus();
  BERTH_RETURN_IF_ERROR(directory.status());
  BERTH_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListNames(*directory));
  for (const std::string& child : names)
    BERTH_RETURN_IF_ERROR(RemoveTreeAt(*directory, child, depth - 1));
  if (unlinkat(parent.get(), name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT)
    return PosixError(errno, fmt::format("removing the directory {}", name));
  return OkStatus();
}

}  // namespace

Status MakeDirectories(const std::string& path) {
  for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (mkdir(part.c_str(), kDirectoryMode) == 0) {
      // mkdir's mode is cut by the umask.
      if (chmod(part.c_str(), kDirectoryMode) != 0)
        return PosixError(errno, fmt::format("setting the mode of {}", part));
    } else if (errno != EEXIST) {
      return PosixError(errno, fmt::format("making the directory {}", part));
    }
    if (end == std::string::npos) return OkStatus();
  }
}

StatusOr<UniqueFd> OpenDirectory(const std::string& path) {
  UniqueFd directory(open(path.c_str(), kOpenDirectory));
  if (!directory.ok()) return PosixError(errno, fmt::format("opening the directory {}", path));
  return directory;
}

StatusOr<UniqueFd> OpenSubdirectory(const UniqueFd& parent, const std::string& name) {
  UniqueFd directory(openat(parent.get(), name.c_str(), kOpenDirectory | O_NOFOLLOW));
  if (!directory.ok()) return PosixError(errno, fmt::format("opening the directory {}", name));
  return directory;
}

StatusOr<UniqueFd> MakeSubdirectory(const UniqueFd& parent, const std::string& name) {
  const bool made = mkdirat(parent.get(), name.c_str(), kDirectoryMode) == 0;
  if (!made && errno != EEXIST)
    return PosixError(errno, fmt::format("making the directory {}", name));
  BERTH_ASSIGN_OR_RETURN(UniqueFd directory, OpenSubdirectory(parent, name));
  if (made && fchmod(directory.get(), kDirectoryMode) != 0)
    return PosixError(errno, fmt::format("setting the mode of {}", name));
  return directory;
}

bool HasFile(const UniqueFd& directory, const std::string& name) {
  struct stat info;
  return fstatat(directory.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISREG(info.st_mode) && info.st_size > 0;
}

StatusOr<UniqueFd> CreateFile(const UniqueFd& directory, const std::string& name) {
  BERTH_RETURN_IF_ERROR(RemoveFile(directory, name));
  UniqueFd file(openat(directory.get(), name.c_str(),
                       O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.ok()) return PosixError(errno, fmt::format("making the file {}", name));
  return file;
}

Status WriteAll(const UniqueFd& file, std::string_view data) {
  while (!data.empty()) {
    const ssize_t written = write(file.get(), data.data(), data.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return PosixError(errno, "writing");
    data.remove_prefix(static_cast<size_t>(written));
  }
  return OkStatus();
}

Status Sync(const UniqueFd& file) {
  if (fsync(file.get()) != 0) return PosixError(errno, "flushing to the disk");
  return OkStatus();
}

Status Rename(const UniqueFd& directory, const std::string& from, const std::string& to) {
  if (renameat(directory.get(), from.c_str(), directory.get(), to.c_str()) != 0)
    return PosixError(errno, fmt::format("renaming {} to {}", from, to));
  return OkStatus();
}

Status RemoveFile(const UniqueFd& directory, const std::string& name) {
  if (unlinkat(directory.get(), name.c_str(), 0) == 0 || errno == ENOENT) return OkStatus();
  const int error = errno;
  // A read-only file system says that it is one before it looks for the name.
  struct stat info;
  const bool gone =
      fstatat(directory.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT;
  if (error == EROFS && gone) return OkStatus();
  return PosixError(error, fmt::format("removing {}", name));
}

Status RemoveFilesEndingIn(const UniqueFd& directory, std::string_view suffix) {
  BERTH_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListNames(directory));
  for (const std::string& name : names)
    if (name.ends_with(suffix)) BERTH_RETURN_IF_ERROR(RemoveFile(directory, name));
  return OkStatus();
}

Status RemoveTree(const UniqueFd& parent, const std::string& name) {
  return RemoveTreeAt(parent, name, kDepthMax);
}

int64_t AllocatedBytes(const UniqueFd& directory) {
  constexpr int64_t kBlockBytes = 512;  // The unit of st_blocks, whatever the file system's is.
  const StatusOr<std::vector<std::string>> names = ListNames(directory);
  if (!names.ok()) return 0;
  int64_t bytes = 0;
  for (const std::string& name : *names) {
    struct stat info;
    if (fstatat(directory.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0)
      bytes += int64_t{info.st_blocks} * kBlockBytes;
  }
  return bytes;
}

StatusOr<std::vector<std::string>> ListNames(const UniqueFd& directory) {
  // A fresh open file: reading a directory moves its offset.
  const int fd = openat(directory.get(), ".", kOpenDirectory);
  if (fd < 0) return PosixError(errno, "listing a directory");
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(fdopendir(fd), closedir);
  if (stream == nullptr) {
    close(fd);
    return PosixError(errno, "listing a directory");
  }
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return PosixError(errno, "listing a directory");
  return names;
}

}  // namespace berth
