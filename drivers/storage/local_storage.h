// SPDX-License-Identifier: Apache-2.0
// Storage over plain files: STATE_DIR/instances/ID/{root.qcow2,seed.iso,console.log} and base
// images in IMAGE_DIR. Directories are 0711, files 0600 root; libvirt changes a file's owner while
// its guest runs.
//
// A file gets its final name only when it is whole and on the disk, and a call that made it answers
// only when the name is on the disk as well: what the ledger records as done survives a power cut.
// Deletions are not flushed; a file that comes back belongs to no record, and recovery removes it.
//
// Thread-safe. Calls block on the executor's threads, so it is a pool of its own (2 to 4 threads);
// a disk that hangs takes one of them with it.
#pragma once

#include <memory>
#include <string>

#include "core/base/executor.h"
#include "drivers/storage/process.h"
#include "drivers/storage/storage.h"

namespace berth {

struct LocalStorageOptions {
  std::string state_dir;  // Relative paths are taken from the working directory at the start.
  std::string image_dir;  // "" = STATE_DIR/images.
  std::string qemu_img = "/usr/bin/qemu-img";
  ProcessLimits qemu_img_limits;
};

// Makes the directories where they are missing. `executor` outlives the tasks posted to it; the
// storage may be destroyed before them. An error names the directory that could not be made.
StatusOr<std::unique_ptr<Storage>> MakeLocalStorage(LocalStorageOptions options,
                                                    Executor& executor);

}  // namespace berth
