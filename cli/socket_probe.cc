// SPDX-License-Identifier: Apache-2.0
#include "cli/socket_probe.h"

#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "core/base/unique_fd.h"

namespace berth::cli {
namespace {

std::string GroupOf(const std::string& path) {
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0) return "";
  std::array<char, 4096> buffer;
  group entry = {};
  group* found = nullptr;
  if (getgrgid_r(info.st_gid, &entry, buffer.data(), buffer.size(), &found) != 0 ||
      found == nullptr)
    return std::to_string(info.st_gid);
  return found->gr_name;
}

SocketProbe FromErrno(int error, const std::string& path) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return {SocketState::kMissing, "no such file", ""};
    case ECONNREFUSED: {
      struct stat info = {};
      if (stat(path.c_str(), &info) == 0 && !S_ISSOCK(info.st_mode))
        return {SocketState::kNotASocket, "it is not a socket", ""};
      return {SocketState::kRefused, "nobody is behind it", ""};
    }
    case EACCES:
    case EPERM:
      return {SocketState::kDenied, "permission denied", GroupOf(path)};
    default:
      return {SocketState::kOther, std::generic_category().message(error), ""};
  }
}

}  // namespace

SocketProbe ProbeSocket(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path))
    return {SocketState::kTooLong, "a socket's path has 1 to 107 bytes", ""};
  std::memcpy(address.sun_path, path.data(), path.size());
  const UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.ok()) return {SocketState::kOther, std::generic_category().message(errno), ""};
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0)
    return {SocketState::kAnswers, "", ""};
  // Its queue of connections is full: somebody is there.
  if (errno == EAGAIN) return {SocketState::kAnswers, "", ""};
  return FromErrno(errno, path);
}

const char* Name(SocketState state) {
  switch (state) {
    case SocketState::kAnswers:
      return "answers";
    case SocketState::kMissing:
      return "missing";
    case SocketState::kRefused:
      return "refused";
    case SocketState::kDenied:
      return "denied";
    case SocketState::kNotASocket:
      return "not_a_socket";
    case SocketState::kTooLong:
      return "too_long";
    case SocketState::kOther:
      return "other";
  }
  return "other";
}

}  // namespace berth::cli
