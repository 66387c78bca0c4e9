// SPDX-License-Identifier: Apache-2.0
#include "drivers/storage/images.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>

#include "core/base/ids.h"
#include "core/base/reasons.h"
#include "core/model/validate.h"
#include "drivers/storage/files.h"
#include "drivers/storage/image_format.h"
#include "drivers/storage/posix_error.h"
#include "drivers/storage/qcow2_header.h"

namespace berth {
namespace {

// Enough for a qcow2 header and for every magic below.
constexpr size_t kHeadBytes = 1024;
// A node has tens of images; beyond this the oldest answers are worth asking for again.
constexpr size_t kConfirmedMax = 256;

Status Invalid(std::string_view why) {
  return MakeError(StatusCode::kInvalidArgument, reasons::kImageInvalid, why);
}

bool HasMagic(std::string_view head, size_t offset, std::string_view bytes) {
  return head.size() >= offset + bytes.size() && head.substr(offset, bytes.size()) == bytes;
}

// Guests' disks have names that AppArmor's helper will read; see docs/architecture.md.
bool IsImageName(std::string_view name) {
  return name.ends_with(".qcow2") || name.ends_with(".img") || name.ends_with(".raw");
}

StatusOr<ImageInfo> InspectRaw(const std::string& name, std::string_view head,
                               const struct stat& info) {
  if (name.ends_with(".qcow2"))
    return Invalid("it is called .qcow2 and is not a qcow2 file; was it downloaded whole?");
  // A bootable CD image may be put on a disk as it is.
  if (const std::string_view format = FormatOf(head); format != "raw" && format != "iso")
    return Invalid(fmt::format(
        "it is a {} file and not a raw disk; unpack it, or convert it with qemu-img convert",
        format));
  constexpr int64_t kMax = model::kRootDiskMibMax << 20;
  if (info.st_size > kMax)
    return Invalid(fmt::format("it has {} bytes, at most {} are allowed", info.st_size, kMax));
  return ImageInfo{.format = "raw", .virtual_bytes = info.st_size, .file_bytes = info.st_size};
}

StatusOr<std::string> ReadHead(const UniqueFd& fd) {
  std::string head(kHeadBytes, '\0');
  const ssize_t got = pread(fd.get(), head.data(), head.size(), 0);
  if (got < 0) return PosixError(errno, "reading it");
  head.resize(static_cast<size_t>(got));
  return head;
}

}  // namespace

StatusOr<Images::OpenFile> Images::Open(const std::string& name) const {
  if (!model::IsFileName(name))
    return Invalid(
        "give the name of a file in the image directory: letters, digits, '.', '_', '-'");
  const std::string path = PathOf(name);
  // O_NONBLOCK: a pipe of that name must not hold us up.
  OpenFile file{
      UniqueFd(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)), {}, {}};
  if (!file.fd.ok() && errno == ENOENT && IsImageId(name.substr(0, name.find('.'))))
    return MakeError(StatusCode::kNotFound, reasons::kImageNotFound,
                     "it is not in the cache of this node; `berthctl image pull` brings it here");
  if (!file.fd.ok() && errno == ENOENT)
    return MakeError(
        StatusCode::kNotFound, reasons::kImageNotFound,
        fmt::format("there is no file {0} in {1}; copy it there: cp {0} {1}/", name, directory_));
  if (!file.fd.ok() && errno == ELOOP)
    return Invalid(fmt::format("{} is a symbolic link; put the file itself there", path));
  if (!file.fd.ok() && errno == EACCES)
    return Invalid(fmt::format("{} cannot be read; make it readable for the agent", path));
  if (!file.fd.ok()) return PosixError(errno, fmt::format("opening {}", path));
  if (fstat(file.fd.get(), &file.info) != 0)
    return PosixError(errno, fmt::format("looking at {}", path));
  if (!S_ISREG(file.info.st_mode)) return Invalid(fmt::format("{} is not a regular file", path));
  if (file.info.st_size == 0) return Invalid(fmt::format("{} is empty", path));
  BERTH_ASSIGN_OR_RETURN(file.head, ReadHead(file.fd));
  return file;
}

std::string ImageFileName(const std::string& image) {
  return IsImageId(image) ? image + ".img" : image;
}

StatusOr<ImageInfo> Images::Inspect(const std::string& image) {
  const std::string name = ImageFileName(image);
  BERTH_ASSIGN_OR_RETURN(const OpenFile file, Open(name));
  if (!IsImageName(name))
    return Invalid("the name of a disk image ends in .qcow2, .img or .raw; rename the file");
  // An .img may be either; a .raw that is a qcow2 file is not what it says.
  if (HasQcow2Magic(file.head) && !name.ends_with(".raw")) return InspectQcow2(name, file);
  return InspectRaw(name, file.head, file.info);
}

StatusOr<ImageInfo> Images::InspectQcow2(const std::string& name, const OpenFile& file) {
  const StatusOr<int64_t> virtual_bytes = Qcow2VirtualBytes(file.head);
  if (!virtual_bytes.ok()) return Invalid(std::string(virtual_bytes.status().message()));
  const Version version = VersionOf(file.info);
  {
    MutexLock lock(mutex_);
    if (const auto found = confirmed_.find(version); found != confirmed_.end())
      return found->second;
  }
  StatusOr<ImageInfo> info = qemu_img_.Info(PathOf(name), "qcow2");
  if (info.status().code() == StatusCode::kInvalidArgument)
    return Invalid(std::string(info.status().message()));
  BERTH_RETURN_IF_ERROR(info.status());
  if (info->virtual_bytes != *virtual_bytes)
    return Invalid("its header and qemu-img do not agree on its size; is it being written?");
  info->file_bytes = file.info.st_size;
  MutexLock lock(mutex_);
  if (confirmed_.size() >= kConfirmedMax) confirmed_.clear();
  confirmed_[version] = *info;
  return info;
}

Status Images::CheckKernel(const std::string& name) const {
  BERTH_ASSIGN_OR_RETURN(const OpenFile file, Open(name));
  const bool bz_image =
      HasMagic(file.head, 0x1fe, "\x55\xaa") && HasMagic(file.head, 0x202, "HdrS");
  const bool elf = HasMagic(file.head, 0,
                            "\x7f"
                            "ELF");
  const bool arm64 = HasMagic(file.head, 0x38, "ARM\x64");
  if (bz_image || elf || arm64) return OkStatus();
  return Invalid(
      "it is not a Linux kernel (no bzImage, ELF or arm64 header); give a file like "
      "/boot/vmlinuz-*");
}

Status Images::CheckInitrd(const std::string& name) const { return Open(name).status(); }

Images::Version Images::VersionOf(const struct stat& info) {
  return {static_cast<int64_t>(info.st_dev),
          static_cast<int64_t>(info.st_ino),
          static_cast<int64_t>(info.st_size),
          info.st_mtim.tv_sec,
          info.st_mtim.tv_nsec,
          info.st_ctim.tv_sec,
          info.st_ctim.tv_nsec};
}

}  // namespace berth
