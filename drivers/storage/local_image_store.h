// SPDX-License-Identifier: Apache-2.0
// ImageStore over plain files in the image directory (image_files.h).
#pragma once

#include <memory>
#include <string>

#include "core/base/executor.h"
#include "drivers/storage/http_download.h"
#include "drivers/storage/image_store.h"
#include "drivers/storage/process.h"

namespace berth {

struct LocalImageStoreOptions {
  std::string image_dir;  // Absolute; it is there.
  std::string boot_id;    // Of the host's kernel, now.
  std::string qemu_img = "/usr/bin/qemu-img";
  ProcessLimits qemu_img_limits;
  HttpLimits limits;
};

// Calls block on the executor's threads for as long as a transfer takes, so it is a pool of its
// own; it outlives the tasks posted to it. The store may be destroyed before them.
std::unique_ptr<ImageStore> MakeLocalImageStore(LocalImageStoreOptions options, Executor& executor);

}  // namespace berth
