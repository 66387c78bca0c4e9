// SPDX-License-Identifier: Apache-2.0
#include "drivers/storage/partial_file.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <vector>

#include "drivers/storage/files.h"
#include "drivers/storage/posix_error.h"

namespace berth {
namespace {

constexpr size_t kReadAtOnce = 1 << 20;

std::string NotePath(const std::string& path) { return path + ".source"; }

// Whatever cannot be read as a note is none: then the file is begun anew.
PartOf ReadNote(const std::string& path) {
  std::ifstream file(NotePath(path), std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return {};
  const auto member = [&json](const char* name) {
    const auto found = json.find(name);
    return found != json.end() && found->is_string() ? found->get<std::string>() : "";
  };
  return {member("url"), member("validator"), member("boot_id")};
}

Status WriteNote(const std::string& path, const PartOf& part_of) {
  const nlohmann::json json = {
      {"url", part_of.url}, {"validator", part_of.validator}, {"boot_id", part_of.boot_id}};
  UniqueFd file(
      open(NotePath(path).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.ok()) return PosixError(errno, fmt::format("making {}", NotePath(path)));
  return WriteAll(file, json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

Status RemovePath(const std::string& path) {
  if (unlink(path.c_str()) == 0 || errno == ENOENT) return OkStatus();
  return PosixError(errno, fmt::format("removing {}", path));
}

}  // namespace

StatusOr<PartialFile> PartialFile::Open(const std::string& path) {
  UniqueFd file(open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.ok()) return PosixError(errno, fmt::format("opening {}", path));
  PartialFile partial(path, std::move(file));
  BERTH_RETURN_IF_ERROR(partial.ReadPresent());
  partial.part_of_ = ReadNote(path);
  return partial;
}

Status PartialFile::ReadPresent() {
  std::vector<char> buffer(kReadAtOnce);
  for (;;) {
    const ssize_t got = read(file_.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return PosixError(errno, fmt::format("reading {}", path_));
    if (got == 0) return OkStatus();
    hasher_.Update({buffer.data(), static_cast<size_t>(got)});
    size_ += got;
  }
}

Status PartialFile::Begin(PartOf part_of) {
  if (ftruncate(file_.get(), 0) != 0 || lseek(file_.get(), 0, SEEK_SET) != 0)
    return PosixError(errno, fmt::format("emptying {}", path_));
  size_ = 0;
  hasher_.Reset();
  part_of_ = std::move(part_of);
  return WriteNote(path_, part_of_);
}

Status PartialFile::Append(std::string_view bytes) {
  if (const Status written = WriteAll(file_, bytes); !written.ok()) {
    // Back to what the digest knows.
    if (ftruncate(file_.get(), size_) != 0 || lseek(file_.get(), size_, SEEK_SET) != size_)
      return PosixError(errno, fmt::format("cutting {}", path_));
    return Annotate(written, path_);
  }
  hasher_.Update(bytes);
  size_ += static_cast<int64_t>(bytes.size());
  return OkStatus();
}

StatusOr<Digests> PartialFile::Finish() {
  BERTH_RETURN_IF_ERROR(Sync(file_));
  return hasher_.Finish();
}

Status PartialFile::Remove(const std::string& path) {
  BERTH_RETURN_IF_ERROR(RemovePath(path));
  return RemovePath(NotePath(path));
}

}  // namespace berth
