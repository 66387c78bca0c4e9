// SPDX-License-Identifier: Apache-2.0
#include "drivers/storage/instance_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "core/base/error.h"
#include "core/base/ids.h"
#include "core/base/reasons.h"
#include "drivers/storage/console_log.h"
#include "drivers/storage/files.h"
#include "drivers/storage/posix_error.h"
#include "drivers/storage/seed.h"
#include "drivers/storage/seed_iso.h"

namespace berth {
namespace {

constexpr char kUnfinished[] = ".unfinished";

// A name that a program left over from an agent that crashed is not writing to: it has the pid of
// this one in it.
std::string UnfinishedName(const std::string& name) {
  return fmt::format("{}.{}{}", name, getpid(), kUnfinished);
}

// Makes the file `name` through `fill(file, unfinished name)`, or leaves nothing.
template <typename Fill>
Status MakeWhole(const UniqueFd& parent, const UniqueFd& directory, const std::string& name,
                 Fill fill) {
  // What an interrupted attempt left; it would not be wrong, only in the way of the disk's space.
  BERTH_RETURN_IF_ERROR(RemoveFilesEndingIn(directory, kUnfinished));
  const std::string unfinished = UnfinishedName(name);
  BERTH_ASSIGN_OR_RETURN(const UniqueFd file, CreateFile(directory, unfinished));
  Status status = fill(file, unfinished);
  if (status.ok()) status = Sync(file);
  if (status.ok()) status = Rename(directory, unfinished, name);
  if (!status.ok()) {
    RemoveFile(directory, unfinished).IgnoreError();
    return status;
  }
  BERTH_RETURN_IF_ERROR(Sync(directory));
  return Sync(parent);
}

}  // namespace

InstancePaths InstanceFiles::PathsOf(const std::string& instance_id) const {
  const std::string directory = fmt::format("{}/{}", instances_dir_, instance_id);
  return {.directory = directory,
          .root_disk = fmt::format("{}/{}", directory, kRootDiskName),
          .seed = fmt::format("{}/{}", directory, kSeedName),
          .console_log = fmt::format("{}/{}", directory, kConsoleLogName),
          .crash_dump = directory + "/crash.dump"};
}

StatusOr<UniqueFd> InstanceFiles::OpenParent(const std::string& instance_id) const {
  // Whoever calls has checked it; a path must not be made of anything else.
  if (!IsInstanceId(instance_id))
    return MakeError(StatusCode::kInvalidArgument, reasons::kInvalidField,
                     "instance_id: it is not i- and 17 hex digits");
  return OpenDirectory(instances_dir_);
}

StatusOr<InstanceFiles::Place> InstanceFiles::MakePlace(const std::string& instance_id) const {
  BERTH_ASSIGN_OR_RETURN(UniqueFd parent, OpenParent(instance_id));
  BERTH_ASSIGN_OR_RETURN(UniqueFd directory, MakeSubdirectory(parent, instance_id));
  return Place{std::move(parent), std::move(directory)};
}

Status InstanceFiles::CreateRootDisk(const std::string& instance_id,
                                     const model::InstanceSpec& spec) const {
  if (spec.boot.image.empty()) return OkStatus();
  BERTH_ASSIGN_OR_RETURN(const ImageInfo image, images_.Inspect(spec.boot.image));
  BERTH_ASSIGN_OR_RETURN(const Place place, MakePlace(instance_id));
  if (HasFile(place.directory, kRootDiskName)) {
    // A crash may have come between its rename and the flush of its name.
    BERTH_RETURN_IF_ERROR(Sync(place.directory));
    return Sync(place.parent);
  }
  const std::string directory = PathsOf(instance_id).directory;
  return MakeWhole(place.parent, place.directory, kRootDiskName,
                   [&](const UniqueFd&, const std::string& name) {
                     return qemu_img_.CreateOverlay(fmt::format("{}/{}", directory, name),
                                                    images_.PathOf(spec.boot.image), image.format,
                                                    spec.root_disk_mib);
                   });
}

Status InstanceFiles::CreateSeed(const std::string& instance_id,
                                 const model::InstanceSpec& spec) const {
  BERTH_ASSIGN_OR_RETURN(const std::string iso,
                         MakeSeedIso(MakeSeedFiles(instance_id, spec.first_boot)));
  BERTH_ASSIGN_OR_RETURN(const Place place, MakePlace(instance_id));
  return MakeWhole(place.parent, place.directory, kSeedName,
                   [&](const UniqueFd& file, const std::string&) { return WriteAll(file, iso); });
}

Status InstanceFiles::DeleteFile(const std::string& instance_id, const std::string& name) const {
  BERTH_ASSIGN_OR_RETURN(const UniqueFd parent, OpenParent(instance_id));
  const StatusOr<UniqueFd> directory = OpenSubdirectory(parent, instance_id);
  if (directory.status().code() == StatusCode::kNotFound) return OkStatus();
  BERTH_RETURN_IF_ERROR(directory.status());
  BERTH_RETURN_IF_ERROR(RemoveFilesEndingIn(*directory, kUnfinished));
  BERTH_RETURN_IF_ERROR(RemoveFile(*directory, name));
  if (unlinkat(parent.get(), instance_id.c_str(), AT_REMOVEDIR) != 0 && errno != ENOTEMPTY &&
      errno != EEXIST && errno != ENOENT)
    return PosixError(errno, "removing the instance's empty directory");
  return OkStatus();
}

Status InstanceFiles::Delete(const std::string& instance_id) const {
  BERTH_ASSIGN_OR_RETURN(const UniqueFd parent, OpenParent(instance_id));
  return RemoveTree(parent, instance_id);
}

StatusOr<std::string> InstanceFiles::ReadConsole(const std::string& instance_id,
                                                 int64_t max_bytes) const {
  BERTH_ASSIGN_OR_RETURN(const UniqueFd parent, OpenParent(instance_id));
  const StatusOr<UniqueFd> directory = OpenSubdirectory(parent, instance_id);
  if (directory.status().code() == StatusCode::kNotFound)
    return MakeError(StatusCode::kNotFound, reasons::kNoConsoleOutput,
                     "the instance has no console log");
  BERTH_RETURN_IF_ERROR(directory.status());
  return ReadConsoleTail(*directory, max_bytes);
}

StatusOr<std::vector<std::string>> InstanceFiles::Ids() const {
  BERTH_ASSIGN_OR_RETURN(const UniqueFd parent, OpenDirectory(instances_dir_));
  BERTH_ASSIGN_OR_RETURN(std::vector<std::string> names, ListNames(parent));
  // What is not named as an instance is not ours to remove.
  std::erase_if(names, [](const std::string& name) { return !IsInstanceId(name); });
  std::sort(names.begin(), names.end());
  return names;
}

StatusOr<std::vector<InstanceDirectory>> InstanceFiles::List() const {
  BERTH_ASSIGN_OR_RETURN(const std::vector<std::string> ids, Ids());
  std::vector<InstanceDirectory> found;
  for (const std::string& id : ids) {
    const std::string disk = fmt::format("{}/{}/{}", instances_dir_, id, kRootDiskName);
    struct stat info;
    found.push_back({id, lstat(disk.c_str(), &info) == 0 || errno != ENOENT});
  }
  return found;
}

StatusOr<int64_t> InstanceFiles::BytesOfInstances() const {
  BERTH_ASSIGN_OR_RETURN(const std::vector<std::string> ids, Ids());
  BERTH_ASSIGN_OR_RETURN(const UniqueFd parent, OpenDirectory(instances_dir_));
  int64_t bytes = 0;
  for (const std::string& id : ids) {
    // One that is being deleted counts for nothing.
    const StatusOr<UniqueFd> directory = OpenSubdirectory(parent, id);
    if (directory.ok()) bytes += AllocatedBytes(*directory);
  }
  return bytes;
}

StatusOr<FileSystemSpace> InstanceFiles::Space() const {
  struct statvfs info;
  if (statvfs(instances_dir_.c_str(), &info) != 0)
    return PosixError(errno, fmt::format("asking for the space of {}", instances_dir_));
  BERTH_ASSIGN_OR_RETURN(const int64_t instances_bytes, BytesOfInstances());
  const auto block = static_cast<int64_t>(info.f_frsize);
  return FileSystemSpace{.total_bytes = static_cast<int64_t>(info.f_blocks) * block,
                         .free_bytes = static_cast<int64_t>(info.f_bavail) * block,
                         .instances_bytes = instances_bytes};
}

}  // namespace berth
