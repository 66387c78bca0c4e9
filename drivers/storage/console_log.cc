// SPDX-License-Identifier: Apache-2.0
#include "drivers/storage/console_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "core/base/error.h"
#include "core/base/reasons.h"
#include "drivers/storage/posix_error.h"

namespace berth {
namespace {

constexpr int64_t kBytesMax = int64_t{16} << 20;
// virtlogd keeps three rolled files; more are read where its configuration keeps more.
constexpr int kRolledMax = 10;
constexpr int kTriesMax = 3;

struct Part {
  int index = 0;  // -1: the one being written.
  UniqueFd fd;
  struct stat info {};
};

// The newest first. A roll in between shows as a part seen twice or as a gap (WasRolled).
StatusOr<std::vector<Part>> OpenParts(const UniqueFd& directory) {
  std::vector<Part> parts;
  for (int i = -1; i < kRolledMax; ++i) {
    const std::string name =
        i < 0 ? std::string(kConsoleLogName) : fmt::format("{}.{}", kConsoleLogName, i);
    Part part{i, UniqueFd(openat(directory.get(), name.c_str(),
                                 O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC))};
    if (!part.fd.ok() && errno == ENOENT) continue;
    if (!part.fd.ok() || fstat(part.fd.get(), &part.info) != 0)
      return PosixError(errno, fmt::format("opening {}", name));
    if (!S_ISREG(part.info.st_mode))
      return Status(StatusCode::kInternal, fmt::format("{} is not a regular file", name));
    parts.push_back(std::move(part));
  }
  return parts;
}

bool WasRolled(const std::vector<Part>& parts) {
  for (size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].index != static_cast<int>(i) - 1) return true;
    if (i > 0 && parts[i].info.st_ino == parts[i - 1].info.st_ino) return true;
  }
  return false;
}

// Appends up to `wanted` bytes of the end of `part`, in their order.
Status AppendTail(const Part& part, int64_t wanted, std::string* text) {
  const int64_t length = std::min<int64_t>(wanted, part.info.st_size);
  const size_t begin = text->size();
  text->resize(begin + static_cast<size_t>(length));
  int64_t done = 0;
  while (done < length) {
    const ssize_t got =
        pread(part.fd.get(), text->data() + begin + done, static_cast<size_t>(length - done),
              part.info.st_size - length + done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return PosixError(errno, "reading the console log");
    if (got == 0) break;  // Cut short meanwhile.
    done += got;
  }
  text->resize(begin + static_cast<size_t>(done));
  return OkStatus();
}

}  // namespace

StatusOr<std::string> ReadConsoleTail(const UniqueFd& directory, int64_t max_bytes) {
  BERTH_ASSIGN_OR_RETURN(std::vector<Part> parts, OpenParts(directory));
  for (int tries = 1; WasRolled(parts) && tries < kTriesMax; ++tries) {
    BERTH_ASSIGN_OR_RETURN(parts, OpenParts(directory));
  }
  if (parts.empty())
    return MakeError(StatusCode::kNotFound, reasons::kNoConsoleOutput,
                     "the guest has written nothing on its serial console yet");
  int64_t room = std::clamp<int64_t>(max_bytes, 0, kBytesMax);
  std::vector<int64_t> wanted;
  for (const Part& part : parts) {
    wanted.push_back(std::min<int64_t>(room, part.info.st_size));
    room -= wanted.back();
  }
  std::string text;
  for (size_t i = parts.size(); i-- > 0;)
    BERTH_RETURN_IF_ERROR(AppendTail(parts[i], wanted[i], &text));
  return text;
}

}  // namespace berth
