// SPDX-License-Identifier: Apache-2.0
// The files of images that the agent itself has brought: IMAGE_DIR/img-….img, each complete in
// itself, qcow2 or raw, and what is on its way there in IMAGE_DIR/.incoming.
//
// An image gets its final name when it has been looked at and lies whole on the disk. Each step may
// be repeated at any time; kill -9 anywhere leaves what the next call goes on with.
//
// Blocking; thread-safe, but one call at a time for an image. `image_id` satisfies IsImageId.
#pragma once

#include <string>
#include <vector>

#include "core/base/status.h"
#include "drivers/storage/http_download.h"
#include "drivers/storage/image_store.h"
#include "drivers/storage/images.h"
#include "drivers/storage/qemu_img.h"

namespace berth {

class ImageFiles {
 public:
  // `image_dir` is there; the references outlive this. `boot_id`: of the host's kernel.
  ImageFiles(std::string image_dir, std::string boot_id, const QemuImg& qemu_img, Images& images)
      : image_dir_(std::move(image_dir)),
        boot_id_(std::move(boot_id)),
        qemu_img_(qemu_img),
        images_(images) {}

  // Brings the bytes of an image, as DownloadHttp does.
  StatusOr<Downloaded> Download(const std::string& image_id, const HttpSource& source,
                                const HttpLimits& limits, Transfer& transfer) const;
  // Likewise from a regular file of the host. NOT_FOUND IMAGE_NOT_FOUND; INVALID_ARGUMENT
  // IMAGE_INVALID; CANCELLED.
  StatusOr<Downloaded> Copy(const std::string& image_id, const std::string& path,
                            const HttpLimits& limits, Transfer& transfer) const;
  // Looks at what was brought, converts what is not qcow2, raw or a CD image, and gives it its
  // name. There already: what it is. `format`: what it has to be; "": whatever it is.
  // INVALID_ARGUMENT IMAGE_INVALID: it is no image, another than `format`, not complete in itself,
  // or would be larger than a disk may be.
  StatusOr<ImageInfo> Publish(const std::string& image_id, const std::string& format);
  // Removes what was brought and is not published.
  Status Discard(const std::string& image_id) const;
  // Removes the image too.
  Status Delete(const std::string& image_id) const;
  // All that has a file here, ascending by id.
  StatusOr<std::vector<ImageFile>> List() const;

 private:
  std::string Incoming() const { return image_dir_ + "/.incoming"; }
  std::string PartOfImage(const std::string& image_id) const {
    return Incoming() + "/" + image_id + ".part";
  }
  std::string Converted(const std::string& image_id) const {
    return Incoming() + "/" + image_id + ".converted";
  }
  StatusOr<std::string> Prepare(const std::string& image_id, const std::string& format) const;
  Status GiveName(const std::string& from, const std::string& image_id) const;

  const std::string image_dir_;
  const std::string boot_id_;
  const QemuImg& qemu_img_;
  Images& images_;
};

}  // namespace berth
