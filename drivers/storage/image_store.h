// SPDX-License-Identifier: Apache-2.0
// What the agent needs to bring images to this host.
//
// As with Storage, each call ends with exactly one call of its `done`, from an unspecified thread,
// and is safe to repeat; but for one image at most one call goes on at a time. Bringing one takes
// seconds to hours, and two at a time are brought. Thread-safe. Codes every call may answer:
// RESOURCE_EXHAUSTED (STORAGE_FULL), INTERNAL (the disk or qemu-img failed, with its words).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/base/transfer.h"
#include "core/model/image.h"
#include "drivers/storage/storage.h"

namespace berth {

// What came from a source.
struct FetchedImage {
  int64_t bytes = 0;
  std::string sha256;  // Lower-case hex.
  std::string sha512;
};

// What lies here of one image.
struct ImageFile {
  std::string image_id;
  bool published = false;  // False: only what was brought of it so far.
  bool operator==(const ImageFile&) const = default;
};

class ImageStore {
 public:
  using Done = std::function<void(Status)>;
  template <typename T>
  using DoneWith = std::function<void(StatusOr<T>)>;

  virtual ~ImageStore() = default;

  // Brings the bytes of `source`, going on where an earlier call was cut off where that is safe
  // (http_download.h, with its errors; for a file of the host IMAGE_NOT_FOUND). Digests are told
  // and not compared. `transfer` is told how far it has come, and cancels it.
  virtual void Fetch(const std::string& image_id, const model::ImageSource& source,
                     std::shared_ptr<Transfer> transfer, DoneWith<FetchedImage> done) = 0;
  // Looks at what was brought, converts it where needed, and makes it an image to boot from
  // (image_files.h). INVALID_ARGUMENT IMAGE_INVALID.
  virtual void Publish(const std::string& image_id, const model::ImageSource& source,
                       DoneWith<ImageInfo> done) = 0;
  // Removes the image and all that was brought of it. Not there: OK.
  virtual void Delete(const std::string& image_id, Done done) = 0;
  // All that has a file here, ascending by id.
  virtual void List(DoneWith<std::vector<ImageFile>> done) = 0;
};

}  // namespace berth
