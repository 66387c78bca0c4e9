// SPDX-License-Identifier: Apache-2.0
#include "drivers/storage/qemu_img.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "drivers/storage/posix_error.h"

namespace berth {
namespace {

// A terabyte at 100 MB/s.
constexpr Duration kConvertTimeout = std::chrono::hours(3);

// Of an image that has terabytes its tables alone are gigabytes.
constexpr Duration kCheckTimeout = std::chrono::minutes(10);

// Tables of an image of 64 TiB that are counted, and what goes along with it.
constexpr int64_t kTablesBytes = int64_t{4} << 30;

// What `qemu-img check` ends with (qemu-img(1)): clusters that nobody needs, and a format that it
// cannot check.
constexpr int kOnlyLeaks = 3;
constexpr int kCannotCheck = 63;

Status Invalid(std::string_view why) {
  return Status(StatusCode::kInvalidArgument, absl::string_view(why.data(), why.size()));
}

// qemu-img has no codes: the kernel's words in its message are all there is. The locale is C.
bool SaysDiskIsFull(std::string_view errors) {
  for (const std::string_view words :
       {"No space left on device", "Disk quota exceeded", "File too large"})
    if (errors.find(words) != std::string_view::npos) return true;
  return false;
}

Status FailureOf(const ProcessResult& result, std::string_view doing) {
  const std::string message = fmt::format("{}: {}", doing, result.errors);
  if (SaysDiskIsFull(result.errors)) return StorageFull(message);
  return Status(StatusCode::kInternal, message);
}

// For a program that may write only to files that exist.
Status MakeEmpty(const std::string& path) {
  const UniqueFd file(open(path.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!file.ok()) return PosixError(errno, fmt::format("making {}", path));
  return OkStatus();
}

StatusOr<ImageInfo> ParseInfo(const std::string& output, const std::string& format) {
  const auto json = nlohmann::json::parse(output, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("virtual-size") ||
      !json["virtual-size"].is_number_integer())
    return Status(StatusCode::kInternal, "qemu-img info: its answer is not what was expected");
  if (json.contains("backing-filename") || json.contains("full-backing-filename"))
    return Invalid("it has a backing file of its own");
  const nlohmann::json::json_pointer data("/format-specific/data");
  if (json.contains(data) && json[data].is_object() && json[data].contains("data-file"))
    return Invalid("it keeps its data in another file");
  return ImageInfo{.format = format, .virtual_bytes = json["virtual-size"]};
}

}  // namespace

ProcessLimits QemuImg::LimitsFor(const FileAccess& files) const {
  ProcessLimits limits = limits_;
  if (!limits.files) limits.files.emplace();
  auto& [read, write] = *limits.files;
  read.insert(read.end(), files.read.begin(), files.read.end());
  write.insert(write.end(), files.write.begin(), files.write.end());
  return limits;
}

StatusOr<ProcessResult> QemuImg::Run(std::vector<std::string> arguments,
                                     const ProcessLimits& limits) const {
  arguments.insert(arguments.begin(), program_);
  StatusOr<ProcessResult> result = RunProcess(arguments, limits);
  if (result.ok()) return result;
  if (result.status().code() == StatusCode::kNotFound)
    return Status(StatusCode::kInternal, fmt::format("{}; install the package qemu-utils",
                                                     std::string(result.status().message())));
  return Status(StatusCode::kInternal, result.status().message());
}

StatusOr<ImageInfo> QemuImg::Info(const std::string& path, const std::string& format) const {
  // -U: a guest may be running on it; -f: never let the program guess what a file is.
  BERTH_ASSIGN_OR_RETURN(const ProcessResult result,
                         Run({"info", "--output=json", "-U", "-f", format, path},
                             LimitsFor({.read = {path}, .write = {}})));
  if (result.exit_code != 0)
    return Invalid(fmt::format("qemu-img cannot open it: {}", result.errors));
  return ParseInfo(result.output, format);
}

Status QemuImg::Check(const std::string& path, const std::string& format) const {
  ProcessLimits limits = LimitsFor({.read = {path}, .write = {}});
  limits.timeout = kCheckTimeout;
  limits.address_space_bytes = kTablesBytes;
  limits.cpu_seconds = std::chrono::duration_cast<std::chrono::seconds>(kCheckTimeout).count();
  BERTH_ASSIGN_OR_RETURN(const ProcessResult result,
                         Run({"check", "-q", "-f", format, path}, limits));
  if (result.exit_code == 0 || result.exit_code == kOnlyLeaks || result.exit_code == kCannotCheck)
    return OkStatus();
  return Invalid(fmt::format("it is damaged or was cut off: qemu-img check says: {}",
                             result.errors.substr(0, result.errors.find('\n'))));
}

Status QemuImg::CreateOverlay(const std::string& path, const std::string& base,
                              const std::string& base_format, int64_t size_mib) const {
  std::vector<std::string> arguments = {"create", "-q", "-f",        "qcow2", "-b",
                                        base,     "-F", base_format, path};
  if (size_mib > 0) arguments.push_back(fmt::format("{}M", size_mib));
  BERTH_RETURN_IF_ERROR(MakeEmpty(path));
  BERTH_ASSIGN_OR_RETURN(const ProcessResult result,
                         Run(std::move(arguments), LimitsFor({.read = {base}, .write = {path}})));
  if (result.exit_code != 0) return FailureOf(result, "qemu-img create");
  return OkStatus();
}

Status QemuImg::ConvertToQcow2(const std::string& from, const std::string& format,
                               const std::string& to, int64_t bytes_max) const {
  BERTH_RETURN_IF_ERROR(MakeEmpty(to));
  ProcessLimits limits = LimitsFor({.read = {from}, .write = {to}});
  limits.timeout = kConvertTimeout;
  limits.address_space_bytes = kTablesBytes;
  limits.cpu_seconds = std::chrono::duration_cast<std::chrono::seconds>(kConvertTimeout).count();
  limits.file_bytes = bytes_max;
  BERTH_ASSIGN_OR_RETURN(const ProcessResult result,
                         Run({"convert", "-q", "-f", format, "-O", "qcow2", from, to}, limits));
  if (result.exit_code == 0) return OkStatus();
  if (SaysDiskIsFull(result.errors)) return FailureOf(result, "qemu-img convert");
  return Invalid(fmt::format("qemu-img cannot convert it: {}", result.errors));
}

}  // namespace berth
