// SPDX-License-Identifier: Apache-2.0
#include "drivers/storage/image_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <map>
#include <utility>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/ids.h"
#include "core/base/reasons.h"
#include "core/model/validate.h"
#include "drivers/storage/files.h"
#include "drivers/storage/image_format.h"
#include "drivers/storage/partial_file.h"
#include "drivers/storage/posix_error.h"
#include "drivers/storage/qcow2_header.h"

namespace berth {
namespace {

constexpr size_t kCopyAtOnce = 1 << 20;
// qcow2's own tables, beside a disk's bytes.
constexpr int64_t kConvertedSlack = int64_t{64} << 20;
// Guests' QEMU runs as another user.
constexpr mode_t kImageMode = 0644;

Status Invalid(std::string_view why) {
  return MakeError(StatusCode::kInvalidArgument, reasons::kImageInvalid, why);
}

StatusOr<UniqueFd> OpenSource(const std::string& path) {
  // O_NONBLOCK: a pipe of that name must not hold us up.
  UniqueFd file(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.ok() && errno == ENOENT)
    return MakeError(StatusCode::kNotFound, reasons::kImageNotFound,
                     fmt::format("there is no file {}", path));
  if (!file.ok() && errno == ELOOP)
    return Invalid(fmt::format("{} is a symbolic link; name the file itself", path));
  if (!file.ok()) return PosixError(errno, fmt::format("opening {}", path));
  struct stat info;
  if (fstat(file.get(), &info) != 0) return PosixError(errno, fmt::format("looking at {}", path));
  if (!S_ISREG(info.st_mode)) return Invalid(fmt::format("{} is not a regular file", path));
  if (info.st_size == 0) return Invalid(fmt::format("{} is empty", path));
  return file;
}

int64_t SizeOf(const UniqueFd& file) {
  struct stat info;
  return fstat(file.get(), &info) == 0 ? info.st_size : 0;
}

StatusOr<std::string> ReadHead(const std::string& path) {
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file.ok()) return PosixError(errno, fmt::format("opening {}", path));
  std::string head(kFormatHeadBytes, '\0');
  const ssize_t got = pread(file.get(), head.data(), head.size(), 0);
  if (got < 0) return PosixError(errno, fmt::format("reading {}", path));
  head.resize(static_cast<size_t>(got));
  return head;
}

bool IsThere(const std::string& path) {
  struct stat info;
  return lstat(path.c_str(), &info) == 0;
}

Status CheckDiskSize(int64_t virtual_bytes) {
  constexpr int64_t kMax = model::kRootDiskMibMax << 20;
  if (virtual_bytes > 0 && virtual_bytes <= kMax) return OkStatus();
  return Invalid(
      fmt::format("a disk of it would have {} bytes; 1 to {} are allowed", virtual_bytes, kMax));
}

}  // namespace

StatusOr<Downloaded> ImageFiles::Download(const std::string& image_id, const HttpSource& source,
                                          const HttpLimits& limits, Transfer& transfer) const {
  BERTH_CHECK(IsImageId(image_id), image_id);
  BERTH_RETURN_IF_ERROR(MakeDirectories(Incoming()));
  return DownloadHttp(source, PartOfImage(image_id), boot_id_, limits, transfer);
}

// From the beginning each time: the source may have changed, and reading it for that costs as much.
StatusOr<Downloaded> ImageFiles::Copy(const std::string& image_id, const std::string& path,
                                      const HttpLimits& limits, Transfer& transfer) const {
  BERTH_CHECK(IsImageId(image_id), image_id);
  BERTH_ASSIGN_OR_RETURN(const UniqueFd source, OpenSource(path));
  const int64_t total = SizeOf(source);
  if (total > limits.bytes_max)
    return Invalid(fmt::format("{} has {} bytes, more than the {} that are taken", path, total,
                               limits.bytes_max));
  BERTH_RETURN_IF_ERROR(MakeDirectories(Incoming()));
  BERTH_ASSIGN_OR_RETURN(PartialFile part, PartialFile::Open(PartOfImage(image_id)));
  BERTH_RETURN_IF_ERROR(part.Begin({path, "", boot_id_}));
  std::string buffer(kCopyAtOnce, '\0');
  for (;;) {
    if (transfer.cancelled())
      return MakeError(StatusCode::kCancelled, reasons::kOperationCancelled,
                       "cancelled by request");
    const ssize_t got = read(source.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return PosixError(errno, fmt::format("reading {}", path));
    if (got == 0) break;
    BERTH_RETURN_IF_ERROR(part.Append({buffer.data(), static_cast<size_t>(got)}));
    transfer.Tell(part.size(), total);
  }
  const int64_t bytes = part.size();
  BERTH_ASSIGN_OR_RETURN(Digests digests, part.Finish());
  return Downloaded{bytes, std::move(digests)};
}

// Where the bytes lie that may be given their name.
StatusOr<std::string> ImageFiles::Prepare(const std::string& image_id,
                                          const std::string& wanted) const {
  const std::string part = PartOfImage(image_id);
  BERTH_ASSIGN_OR_RETURN(const std::string head, ReadHead(part));
  const std::string format(FormatOf(head));
  if (!wanted.empty() && wanted != format)
    return Invalid(fmt::format("it is a {} file and was said to be {}", format, wanted));
  if (format == "raw" || format == "iso") {
    struct stat info;
    if (stat(part.c_str(), &info) != 0) return PosixError(errno, "looking at it");
    BERTH_RETURN_IF_ERROR(CheckDiskSize(info.st_size));
    return part;
  }
  if (format == "qcow2") {
    BERTH_RETURN_IF_ERROR(Qcow2VirtualBytes(head).status());
    BERTH_RETURN_IF_ERROR(qemu_img_.Info(part, format).status());
    BERTH_RETURN_IF_ERROR(qemu_img_.Check(part, format));
    return part;
  }
  if (format != "vmdk" && format != "vdi" && format != "vhdx")
    return Invalid(fmt::format("it is a {} file, which is no disk image; unpack it", format));
  BERTH_RETURN_IF_ERROR(CheckForeign(format, head));
  BERTH_ASSIGN_OR_RETURN(const ImageInfo info, qemu_img_.Info(part, format));
  BERTH_RETURN_IF_ERROR(CheckDiskSize(info.virtual_bytes));
  BERTH_RETURN_IF_ERROR(qemu_img_.Check(part, format));
  const std::string converted = Converted(image_id);
  BERTH_RETURN_IF_ERROR(PartialFile::Remove(converted));
  BERTH_RETURN_IF_ERROR(qemu_img_.ConvertToQcow2(
      part, format, converted, info.virtual_bytes + info.virtual_bytes / 8 + kConvertedSlack));
  return converted;
}

Status ImageFiles::GiveName(const std::string& from, const std::string& image_id) const {
  const UniqueFd file(open(from.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
  if (!file.ok()) return PosixError(errno, fmt::format("opening {}", from));
  if (fchmod(file.get(), kImageMode) != 0) return PosixError(errno, "setting its mode");
  BERTH_RETURN_IF_ERROR(Sync(file));
  const std::string path = image_dir_ + "/" + ImageFileName(image_id);
  if (rename(from.c_str(), path.c_str()) != 0)
    return PosixError(errno, fmt::format("renaming it to {}", path));
  return OkStatus();
}

StatusOr<ImageInfo> ImageFiles::Publish(const std::string& image_id, const std::string& format) {
  BERTH_CHECK(IsImageId(image_id), image_id);
  const std::string name = ImageFileName(image_id);
  if (!IsThere(image_dir_ + "/" + name)) {
    StatusOr<std::string> ready = Prepare(image_id, format);
    if (ready.status().code() == StatusCode::kInvalidArgument)
      return Invalid(std::string(ready.status().message()));
    BERTH_RETURN_IF_ERROR(ready.status());
    BERTH_RETURN_IF_ERROR(GiveName(*ready, image_id));
  }
  BERTH_ASSIGN_OR_RETURN(const UniqueFd directory, OpenDirectory(image_dir_));
  BERTH_RETURN_IF_ERROR(Sync(directory));
  BERTH_RETURN_IF_ERROR(Discard(image_id));
  BERTH_ASSIGN_OR_RETURN(ImageInfo info, images_.Inspect(name));
  BERTH_ASSIGN_OR_RETURN(const std::string head, ReadHead(image_dir_ + "/" + name));
  if (FormatOf(head) == "iso") info.format = "iso";
  return info;
}

Status ImageFiles::Discard(const std::string& image_id) const {
  BERTH_CHECK(IsImageId(image_id), image_id);
  BERTH_RETURN_IF_ERROR(PartialFile::Remove(PartOfImage(image_id)));
  return PartialFile::Remove(Converted(image_id));
}

Status ImageFiles::Delete(const std::string& image_id) const {
  BERTH_RETURN_IF_ERROR(Discard(image_id));
  BERTH_ASSIGN_OR_RETURN(const UniqueFd directory, OpenDirectory(image_dir_));
  BERTH_RETURN_IF_ERROR(RemoveFile(directory, ImageFileName(image_id)));
  return Sync(directory);
}

StatusOr<std::vector<ImageFile>> ImageFiles::List() const {
  std::map<std::string, bool> found;
  for (const bool published : {true, false}) {
    const StatusOr<UniqueFd> directory = OpenDirectory(published ? image_dir_ : Incoming());
    if (directory.status().code() == StatusCode::kNotFound) continue;
    BERTH_RETURN_IF_ERROR(directory.status());
    BERTH_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListNames(*directory));
    for (const std::string& name : names)
      if (std::string id = name.substr(0, name.find('.')); IsImageId(id))
        found.emplace(std::move(id), published);
  }
  std::vector<ImageFile> files;
  for (const auto& [id, published] : found) files.push_back({id, published});
  return files;
}

}  // namespace berth
