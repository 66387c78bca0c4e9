// SPDX-License-Identifier: Apache-2.0
#include "agent/api/peers.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <charconv>
#include <cstring>
#include <string_view>
#include <utility>

namespace berth::api {
namespace {

constexpr int kFirstNumber = 256;  // Above what the rest of the agent opens.
constexpr std::string_view kPrefix = "fd:";

Status NoConnection(std::string_view doing) {
  return Status(StatusCode::kUnavailable, fmt::format("{}: {}", doing, std::strerror(errno)));
}

}  // namespace

// The lowest free number at or above `next_`, or from the start of the ring past its end, or any at
// all in a process that may hardly open anything.
int Peers::NextNumber(int connection) {
  if (next_ < kFirstNumber) next_ = kFirstNumber;
  int number = -1;
  for (const int least : {next_, kFirstNumber, 0})
    if (number < 0) number = fcntl(connection, F_DUPFD_CLOEXEC, least);
  if (number >= 0) next_ = number + 1;
  return number;
}

StatusOr<UniqueFd> Peers::Admit(UniqueFd connection) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return NoConnection("asking for the peer of a connection");
  MutexLock lock(mutex_);
  UniqueFd moved(NextNumber(connection.get()));
  if (!moved.ok()) return NoConnection("taking a connection");
  uids_[moved.get()] = peer.uid;
  return moved;
}

std::string Peers::PrincipalOf(const std::string& peer_name) const {
  const std::string_view name(peer_name);
  int number = -1;
  if (name.substr(0, kPrefix.size()) == kPrefix)
    std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), number);
  MutexLock lock(mutex_);
  const auto found = uids_.find(number);
  return found == uids_.end() ? "unknown" : fmt::format("uid:{}", found->second);
}

}  // namespace berth::api
