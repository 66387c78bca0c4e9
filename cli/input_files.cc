// SPDX-License-Identifier: Apache-2.0
#include "cli/input_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <sstream>
#include <system_error>

#include "cli/failure.h"
#include "core/base/unique_fd.h"

namespace berth::cli {
namespace {

constexpr size_t kKeyFileBytesMax = 1 << 20;

Status Fault(const std::string& flag, const std::string& path, std::string_view why) {
  return BadUsage(fmt::format("{} {}: {}", flag, path, why));
}

std::string Words(int error) { return std::generic_category().message(error); }

}  // namespace

StatusOr<std::string> ReadInputFile(const std::string& flag, const std::string& path,
                                    size_t bytes_max) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.ok()) return Fault(flag, path, Words(errno));
  std::string text;
  std::string buffer(bytes_max + 1, '\0');
  while (text.size() <= bytes_max) {
    const ssize_t got = read(fd.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Fault(flag, path, Words(errno));
    if (got == 0) return text;
    text.append(buffer, 0, static_cast<size_t>(got));
  }
  return Fault(flag, path, fmt::format("larger than {} bytes, which is the most", bytes_max));
}

StatusOr<std::vector<std::string>> ReadPublicKeys(const std::string& flag,
                                                  const std::string& path) {
  BERTH_ASSIGN_OR_RETURN(const std::string text, ReadInputFile(flag, path, kKeyFileBytesMax));
  if (text.find("PRIVATE KEY") != std::string::npos)
    return Fault(flag, path,
                 fmt::format("that is a private key; give the public one: {}.pub", path));
  std::vector<std::string> keys;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t'))
      line.pop_back();
    const size_t begin = line.find_first_not_of(" \t");
    if (begin == std::string::npos || line[begin] == '#') continue;
    keys.push_back(line.substr(begin));
  }
  if (keys.empty()) return Fault(flag, path, "there is no public key in it");
  return keys;
}

}  // namespace berth::cli
