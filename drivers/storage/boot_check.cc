// SPDX-License-Identifier: Apache-2.0
#include "drivers/storage/boot_check.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth {
namespace {

constexpr int64_t kMib = int64_t{1} << 20;

// The faults found so far. An error that is not the caller's fault ends the check.
class Faults {
 public:
  void Add(std::string field, const Status& status) {
    if (status.ok()) return;
    const bool of_caller =
        status.code() == StatusCode::kNotFound || status.code() == StatusCode::kInvalidArgument;
    if (!of_caller && broken_.ok()) broken_ = status;
    // An invalid file is the graver news: putting the missing one there would not be enough.
    if (code_ != StatusCode::kInvalidArgument) {
      code_ = status.code();
      reason_ = ReasonOf(status);
    }
    const std::string why(status.message());
    message_ += fmt::format("{}{}: {}", message_.empty() ? "" : "; ", field, why);
    violations_.push_back({std::move(field), why});
  }

  Status Result() const {
    BERTH_RETURN_IF_ERROR(broken_);
    if (violations_.empty()) return OkStatus();
    return MakeError(code_, message_, {.reason = reason_, .violations = violations_});
  }

 private:
  Status broken_;
  StatusCode code_ = StatusCode::kOk;
  std::string reason_;
  std::string message_;
  std::vector<FieldViolation> violations_;
};

Status CheckRootDiskSize(const ImageInfo& info, int64_t root_disk_mib) {
  if (root_disk_mib == 0 || info.virtual_bytes <= root_disk_mib * kMib) return OkStatus();
  const int64_t needed = (info.virtual_bytes + kMib - 1) / kMib;
  return MakeError(
      StatusCode::kInvalidArgument, reasons::kImageInvalid,
      fmt::format("{} MiB is less than the image's {} MiB; give at least that, or leave it out",
                  root_disk_mib, needed));
}

}  // namespace

StatusOr<ImageInfo> CheckBoot(Images& images, const model::InstanceSpec& spec) {
  const model::BootSource& boot = spec.boot;
  Faults faults;
  ImageInfo info;
  if (!boot.kernel.empty()) faults.Add("spec.boot.kernel.kernel", images.CheckKernel(boot.kernel));
  if (!boot.initrd.empty()) faults.Add("spec.boot.kernel.initrd", images.CheckInitrd(boot.initrd));
  if (!boot.image.empty()) {
    const StatusOr<ImageInfo> found = images.Inspect(boot.image);
    faults.Add(boot.kernel.empty() ? "spec.boot.disk.image" : "spec.boot.kernel.image",
               found.status());
    if (found.ok()) {
      info = *found;
      faults.Add("spec.root_disk.size_mib", CheckRootDiskSize(info, spec.root_disk_mib));
    }
  }
  BERTH_RETURN_IF_ERROR(faults.Result());
  return info;
}

}  // namespace berth
