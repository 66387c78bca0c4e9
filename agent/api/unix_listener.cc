// SPDX-License-Identifier: Apache-2.0
#include "agent/api/unix_listener.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "core/base/check.h"

namespace berth::api {
namespace {

constexpr int kBacklog = 128;
constexpr int kPauseMs = 100;  // After an accept that failed, e.g. for want of file descriptors.
constexpr std::string_view kNewSuffix = ".new";

Status Failed(std::string_view doing, const std::string& path) {
  return Status(StatusCode::kUnavailable,
                fmt::format("{} {}: {}", doing, path, std::strerror(errno)));
}

StatusOr<sockaddr_un> AddressOf(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("socket path \"{}\": 1 to {} bytes are possible", path,
                              sizeof address.sun_path - 1 - kNewSuffix.size()));
  path.copy(address.sun_path, path.size());
  return address;
}

const sockaddr* Generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

// OK where `path` is free, or held by a socket that nobody listens on.
Status CheckNobodyAnswers(const std::string& path) {
  struct stat found {};
  if (lstat(path.c_str(), &found) != 0)
    return errno == ENOENT ? OkStatus() : Failed("looking at", path);
  if (!S_ISSOCK(found.st_mode))
    return Status(StatusCode::kFailedPrecondition,
                  fmt::format("{} is there and is no socket; remove it or set another path", path));
  BERTH_ASSIGN_OR_RETURN(const sockaddr_un address, AddressOf(path));
  const UniqueFd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe.ok()) return Failed("probing", path);
  if (connect(probe.get(), Generic(address), sizeof address) != 0 && errno == ECONNREFUSED)
    return OkStatus();
  return Status(
      StatusCode::kFailedPrecondition,
      fmt::format("{} is in use: another agent answers there; stop it, or set another path", path));
}

StatusOr<UniqueFd> ListenAt(const std::string& path, mode_t mode) {
  BERTH_ASSIGN_OR_RETURN(const sockaddr_un address, AddressOf(path));
  UniqueFd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener.ok()) return Failed("making socket", path);
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return Failed("removing stale", path);
  if (bind(listener.get(), Generic(address), sizeof address) != 0) return Failed("binding", path);
  if (chmod(path.c_str(), mode) != 0) return Failed("setting the mode of", path);
  if (listen(listener.get(), kBacklog) != 0) return Failed("listening at", path);
  return listener;
}

}  // namespace

StatusOr<std::unique_ptr<UnixListener>> UnixListener::Bind(const std::string& path, mode_t mode) {
  BERTH_RETURN_IF_ERROR(CheckNobodyAnswers(path));
  const std::string fresh = path + std::string(kNewSuffix);
  BERTH_ASSIGN_OR_RETURN(UniqueFd listener, ListenAt(fresh, mode));
  struct stat identity {};
  if (lstat(fresh.c_str(), &identity) != 0) return Failed("looking at", fresh);
  if (rename(fresh.c_str(), path.c_str()) != 0) return Failed("putting into place", path);
  UniqueFd wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.ok()) return Failed("making an eventfd for", path);
  return std::unique_ptr<UnixListener>(
      new UnixListener(path, std::move(listener), std::move(wake), identity));
}

UnixListener::UnixListener(std::string path, UniqueFd socket, UniqueFd wake, struct stat identity)
    : path_(std::move(path)),
      socket_(std::move(socket)),
      wake_(std::move(wake)),
      identity_(identity) {}

UnixListener::~UnixListener() { Stop(); }

void UnixListener::Start(std::function<void(UniqueFd)> sink, Log& log) {
  thread_ = std::make_unique<ThreadPool>("api-accept", 1);
  thread_->Post([this, sink = std::move(sink), &log] { AcceptUntilStopped(sink, log); });
}

void UnixListener::Stop() {
  if (!socket_.ok()) return;
  const uint64_t one = 1;
  BERTH_CHECK(write(wake_.get(), &one, sizeof one) == sizeof one, "an eventfd takes one write");
  thread_.reset();
  struct stat found {};
  if (lstat(path_.c_str(), &found) == 0 && found.st_ino == identity_.st_ino &&
      found.st_dev == identity_.st_dev)
    unlink(path_.c_str());
  socket_.Reset();
}

bool UnixListener::AwaitConnection(int timeout_ms) const {
  pollfd waits[] = {{wake_.get(), POLLIN, 0}, {socket_.get(), POLLIN, 0}};
  // With a timeout only the wake-up is waited for: it is the pause after a failed accept.
  poll(waits, timeout_ms < 0 ? 2 : 1, timeout_ms);
  return (waits[0].revents & POLLIN) == 0;
}

void UnixListener::AcceptUntilStopped(const std::function<void(UniqueFd)>& sink, Log& log) const {
  while (AwaitConnection(-1)) {
    UniqueFd connection(accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (connection.ok()) {
      sink(std::move(connection));
    } else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
      log.Warning("a connection could not be taken", {{"error", std::strerror(errno)}});
      if (!AwaitConnection(kPauseMs)) return;
    }
  }
}

}  // namespace berth::api
