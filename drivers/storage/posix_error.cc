// SPDX-License-Identifier: Apache-2.0
#include "drivers/storage/posix_error.h"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

#include "core/base/reasons.h"

namespace berth {
namespace {

StatusCode CodeFor(int error) {
  switch (error) {
    case ENOENT:
      return StatusCode::kNotFound;
    case EACCES:
    case EPERM:
      return StatusCode::kPermissionDenied;
    default:
      return StatusCode::kInternal;
  }
}

}  // namespace

Status StorageFull(std::string_view message) {
  return MakeError(StatusCode::kResourceExhausted, reasons::kStorageFull, message);
}

Status PosixError(int error, std::string_view doing) {
  // std::system_category instead of strerror: the latter is not thread-safe.
  const std::string message = fmt::format("{}: {}", doing, std::system_category().message(error));
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) return StorageFull(message);
  return Status(CodeFor(error), message);
}

}  // namespace berth
