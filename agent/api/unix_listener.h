// SPDX-License-Identifier: Apache-2.0
// The local socket: made so that nobody ever finds it half ready, and given up for nobody who
// answers.
//
// The socket is bound under another name, given its mode, listened on, and only then renamed into
// place; a stale one of a killed agent is thereby replaced in one step.
#pragma once

#include <sys/stat.h>

#include <functional>
#include <memory>
#include <string>

#include "core/base/log.h"
#include "core/base/status.h"
#include "core/base/thread_pool.h"
#include "core/base/unique_fd.h"

namespace berth::api {

class UnixListener {
 public:
  // FAILED_PRECONDITION: somebody answers at `path`, or it is no socket; INVALID_ARGUMENT: the path
  // is longer than the kernel takes (103 bytes are left); else the kernel's words.
  static StatusOr<std::unique_ptr<UnixListener>> Bind(const std::string& path, mode_t mode);
  // As Stop.
  ~UnixListener();
  UnixListener(const UnixListener&) = delete;
  UnixListener& operator=(const UnixListener&) = delete;

  // Calls `sink`, on the listener's own thread, with every connection from now on (non-blocking,
  // closed on exec). `log` outlives this. Once.
  void Start(std::function<void(UniqueFd)> sink, Log& log);
  // Takes no more connections, removes the socket if it is still this one, joins the thread.
  // Idempotent.
  void Stop();

 private:
  UnixListener(std::string path, UniqueFd socket, UniqueFd wake, struct stat identity);
  void AcceptUntilStopped(const std::function<void(UniqueFd)>& sink, Log& log) const;
  // False when it is time to stop.
  bool AwaitConnection(int timeout_ms) const;

  const std::string path_;
  UniqueFd socket_;
  UniqueFd wake_;  // An eventfd; readable once Stop has begun.
  const struct stat identity_;
  std::unique_ptr<ThreadPool> thread_;
};

}  // namespace berth::api
