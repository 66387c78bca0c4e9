// SPDX-License-Identifier: Apache-2.0
// For tests: an HTTP server that answers each request with whatever bytes the test says, however
// wrong, and then closes the connection or leaves it open for ever.
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <functional>
#include <string>
#include <vector>

#include "core/base/check.h"
#include "core/base/mutex.h"
#include "core/base/thread_pool.h"
#include "core/base/unique_fd.h"

namespace berth {

class HostileHttpServer {
 public:
  struct Answer {
    std::string bytes;
    bool hangs = false;
  };
  // `request` is the head of one; `number` counts them from 0. On the server's thread.
  using Script = std::function<Answer(const std::string& request, int number)>;

  explicit HostileHttpServer(Script script)
      : script_(std::move(script)),
        socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
        stop_(eventfd(0, EFD_CLOEXEC)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    BERTH_CHECK(bind(socket_.get(), generic, size) == 0 && listen(socket_.get(), 64) == 0 &&
                    getsockname(socket_.get(), generic, &size) == 0,
                "a server on loopback");
    port_ = ntohs(address.sin_port);
    thread_.Post([this] { Serve(); });
  }
  ~HostileHttpServer() {
    const uint64_t one = 1;
    BERTH_CHECK(write(stop_.get(), &one, sizeof one) == sizeof one, "the server ends");
    thread_.Shutdown();
  }

  std::string Url(const std::string& path = "/image") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  std::vector<std::string> requests() const {
    MutexLock lock(mutex_);
    return requests_;
  }

 private:
  void Serve() {
    for (;;) {
      pollfd fds[] = {{socket_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
      poll(fds, 2, -1);
      if (fds[1].revents != 0) return;
      Take(UniqueFd(accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC)));
    }
  }
  void Take(UniqueFd connection) {
    const std::string request = ReadHead(connection);
    if (request.empty()) return;
    int number = 0;
    {
      MutexLock lock(mutex_);
      number = static_cast<int>(requests_.size());
      requests_.push_back(request);
    }
    const Answer answer = script_(request, number);
    for (size_t sent = 0; sent < answer.bytes.size();) {
      const ssize_t wrote = send(connection.get(), answer.bytes.data() + sent,
                                 answer.bytes.size() - sent, MSG_NOSIGNAL);
      if (wrote <= 0) return;
      sent += static_cast<size_t>(wrote);
    }
    if (answer.hangs) open_.push_back(std::move(connection));
  }
  static std::string ReadHead(const UniqueFd& connection) {
    std::string head;
    char c = 0;
    while (!head.ends_with("\r\n\r\n"))
      if (read(connection.get(), &c, 1) != 1)
        return "";
      else
        head += c;
    return head;
  }

  const Script script_;
  UniqueFd socket_;
  UniqueFd stop_;
  int port_ = 0;
  std::vector<UniqueFd> open_;  // Of the server's thread.
  mutable Mutex mutex_;
  std::vector<std::string> requests_ GUARDED_BY(mutex_);
  ThreadPool thread_{"http-test", 1};
};

}  // namespace berth
