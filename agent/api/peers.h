// SPDX-License-Identifier: Apache-2.0
// Who is at the other end of each connection of the local socket, as the kernel says (SO_PEERCRED).
//
// gRPC hands a handler only the name of its connection, "fd:N" for one that was given to it by
// number (docs/decisions/0011). So each connection is moved to a number of its own before gRPC gets
// it, and the number is written down here. Numbers are given out in a ring as wide as the process's
// limit on open files, so that one is not used again before hundreds of later connections have
// come: a call can not be taken for one of a newer connection that happens to have its number.
//
// Thread-safe.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>

#include "core/base/mutex.h"
#include "core/base/status.h"
#include "core/base/unique_fd.h"

namespace berth::api {

class Peers {
 public:
  // Moves a connected socket to a number of its own and remembers its peer. UNAVAILABLE: the
  // process has no file descriptor left, or the peer is gone.
  StatusOr<UniqueFd> Admit(UniqueFd connection) EXCLUDES(mutex_);

  // "uid:0" for the name of a connection; "unknown" for one that was never admitted.
  std::string PrincipalOf(const std::string& peer_name) const EXCLUDES(mutex_);

 private:
  int NextNumber(int connection) REQUIRES(mutex_);

  mutable Mutex mutex_;
  int next_ GUARDED_BY(mutex_) = 0;
  std::map<int, uid_t> uids_ GUARDED_BY(mutex_);
};

}  // namespace berth::api
