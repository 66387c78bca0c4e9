// SPDX-License-Identifier: Apache-2.0
#include "agent/config/load.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "agent/config/parse.h"
#include "core/base/error.h"
#include "core/base/unique_fd.h"
#include "core/catalogue/instance_types.h"

namespace berth {
namespace {

Status Unreadable(std::string_view why) {
  return InvalidField("", fmt::format("cannot be read: {}", why));
}

// The whole file, up to a byte more than a config may have: the parser refuses it by its length.
StatusOr<std::string> ReadFile(const std::string& path) {
  // Not blocking, so that a named pipe in its place cannot hang the start.
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.ok()) {
    if (errno == ENOENT) return absl::NotFoundError("no such file");
    return Unreadable(std::strerror(errno));
  }
  struct stat info {};
  if (fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode))
    return Unreadable("it is not a regular file");
  std::string text(kConfigBytesMax + 1, '\0');
  size_t filled = 0;
  while (filled < text.size()) {
    const ssize_t got = read(fd.get(), text.data() + filled, text.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Unreadable(std::strerror(errno));
    if (got == 0) break;
    filled += static_cast<size_t>(got);
  }
  text.resize(filled);
  return text;
}

void AddFaults(const std::vector<FieldViolation>& found, const std::string& file,
               std::vector<FieldViolation>& faults) {
  for (const FieldViolation& fault : found)
    faults.push_back(
        {fault.field.empty() ? file : fmt::format("{}: {}", file, fault.field), fault.description});
}

StatusOr<std::string> ReadConfigFile(const Flags& flags) {
  StatusOr<std::string> text = ReadFile(flags.config_file);
  if (!absl::IsNotFound(text.status())) return text;
  if (flags.config_file_given)
    return InvalidField("", "is not there; give the path of a config with --config");
  return std::string();
}

StatusOr<std::vector<model::InstanceType>> LoadTypes(const std::string& file) {
  if (file.empty()) return std::vector<model::InstanceType>();
  const StatusOr<std::string> text = ReadFile(file);
  if (absl::IsNotFound(text.status()))
    return InvalidField("",
                        "is not there; set instance_types (--instance-types) to the catalogue, "
                        "or to \"\" to have custom shapes only");
  if (!text.ok()) return text.status();
  return ParseInstanceTypes(*text);
}

}  // namespace

StatusOr<Settings> LoadSettings(const Flags& flags) {
  std::vector<FieldViolation> faults;
  const StatusOr<std::string> text = ReadConfigFile(flags);
  if (!text.ok()) {
    AddFaults(DetailsOf(text.status()).violations, flags.config_file, faults);
    return InvalidFields(std::move(faults));
  }
  ReadConfigResult read = ReadConfig(*text, flags.overrides);
  AddFaults(read.faults, flags.config_file, faults);
  if (!read.is_json) return InvalidFields(std::move(faults));
  auto types = LoadTypes(read.config.instance_types);
  if (!types.ok())
    AddFaults(DetailsOf(types.status()).violations, read.config.instance_types, faults);
  if (!faults.empty()) return InvalidFields(std::move(faults));
  return Settings{std::move(read.config), *std::move(types)};
}

std::string DescribeFaults(const Status& status) {
  const std::vector<FieldViolation> faults = DetailsOf(status).violations;
  if (faults.empty()) return fmt::format("{}\n", std::string(status.message()));
  std::string lines;
  for (const FieldViolation& fault : faults)
    lines += fmt::format("{}: {}\n", fault.field, fault.description);
  return lines;
}

}  // namespace berth
