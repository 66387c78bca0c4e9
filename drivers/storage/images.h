// SPDX-License-Identifier: Apache-2.0
// The image directory: base images, kernels and initrds that an operator has put there. Nothing in
// it is ever written.
//
// Blocking, thread-safe. Errors are NOT_FOUND (IMAGE_NOT_FOUND) or INVALID_ARGUMENT
// (IMAGE_INVALID), saying what is wrong and what would cure it but not which field named the file
// (boot_check.h does); INTERNAL where the disk or qemu-img failed.
#pragma once

#include <sys/stat.h>

#include <array>
#include <map>
#include <string>
#include <utility>

#include "core/base/mutex.h"
#include "core/base/status.h"
#include "core/base/unique_fd.h"
#include "drivers/storage/qemu_img.h"
#include "drivers/storage/storage.h"

namespace berth {

// The file of an image in the directory: of one that Berth has brought here, which goes by its id,
// ID.img; any other goes by its file's name.
std::string ImageFileName(const std::string& image);

class Images {
 public:
  // `directory` is an absolute path; `qemu_img` outlives this.
  Images(std::string directory, const QemuImg& qemu_img)
      : directory_(std::move(directory)), qemu_img_(qemu_img) {}

  std::string PathOf(const std::string& image) const {
    return directory_ + "/" + ImageFileName(image);
  }

  // A base image, by id or by the name of its file: a regular file, qcow2 by its first bytes or raw
  // by its name (.raw, .img), complete in itself. qemu-img is asked about each version of a qcow2
  // file once.
  StatusOr<ImageInfo> Inspect(const std::string& image) EXCLUDES(mutex_);
  // A kernel that QEMU can boot directly: a Linux bzImage, an ELF vmlinux or an arm64 Image.
  Status CheckKernel(const std::string& name) const;
  // Not empty; what is in it is the kernel's business.
  Status CheckInitrd(const std::string& name) const;

 private:
  struct OpenFile {
    UniqueFd fd;
    struct stat info;
    std::string head;  // Its first bytes.
  };
  // Says of one version of one file that it is unchanged: device, inode, size, times.
  using Version = std::array<int64_t, 7>;

  StatusOr<OpenFile> Open(const std::string& name) const;
  StatusOr<ImageInfo> InspectQcow2(const std::string& name, const OpenFile& file) EXCLUDES(mutex_);
  static Version VersionOf(const struct stat& info);

  const std::string directory_;
  const QemuImg& qemu_img_;
  Mutex mutex_;
  std::map<Version, ImageInfo> confirmed_ GUARDED_BY(mutex_);
};

}  // namespace berth
