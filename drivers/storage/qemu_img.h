// SPDX-License-Identifier: Apache-2.0
// The uses we make of qemu-img. Each runs the program once, confined (process.h).
//
// Blocking, thread-safe. A failure of the program is INTERNAL with its own words; a full disk is
// RESOURCE_EXHAUSTED (STORAGE_FULL).
#pragma once

#include <string>
#include <vector>

#include "core/base/status.h"
#include "drivers/storage/process.h"
#include "drivers/storage/storage.h"

namespace berth {

class QemuImg {
 public:
  // `program` is an absolute path. Each use may reach its own files; those of `limits` too.
  QemuImg(std::string program, ProcessLimits limits)
      : program_(std::move(program)), limits_(limits) {}

  // What qemu-img makes of an image that is taken to be of `format`. INVALID_ARGUMENT: it cannot
  // open it as that, or it says that other files belong to it.
  StatusOr<ImageInfo> Info(const std::string& path, const std::string& format) const;
  // Whether all that its tables speak of is there; reads the tables, not the data.
  // INVALID_ARGUMENT: not so, as of a file that was cut off. OK for a format that has none.
  Status Check(const std::string& path, const std::string& format) const;
  // Makes the qcow2 file `path` on top of `base`; `size_mib` is what the guest sees, 0 = as the
  // base.
  Status CreateOverlay(const std::string& path, const std::string& base,
                       const std::string& base_format, int64_t size_mib) const;
  // Writes the image `from`, which is taken to be of `format`, anew as the qcow2 file `to`, which
  // may take `bytes_max`. Hours for a large one. INVALID_ARGUMENT: it cannot be read as that.
  Status ConvertToQcow2(const std::string& from, const std::string& format, const std::string& to,
                        int64_t bytes_max) const;

 private:
  // Under our limits, and able to reach those files alone.
  ProcessLimits LimitsFor(const FileAccess& files) const;
  StatusOr<ProcessResult> Run(std::vector<std::string> arguments,
                              const ProcessLimits& limits) const;

  const std::string program_;
  const ProcessLimits limits_;
};

}  // namespace berth
