// SPDX-License-Identifier: Apache-2.0
// Serves a few read-only pages over plain HTTP: /metrics, /healthz, /readyz. Two threads of the
// library's own at the rim, bounded request sizes and times; a slow client holds one of them for
// five seconds at most.
//
// Pages are made on those threads: they must not block. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "core/base/status.h"

namespace berth {

struct HttpReply {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

class HttpServer {
 public:
  using Page = std::function<HttpReply()>;
  using Pages = std::map<std::string, Page>;  // By path: "/metrics".

  // Listens on `address` ("127.0.0.1:9443"; port 0 takes a free one). UNAVAILABLE if the address
  // cannot be had, with the cure.
  static StatusOr<std::unique_ptr<HttpServer>> Start(const std::string& address, Pages pages);
  // Waits for the pages being made.
  ~HttpServer();

  // The port that is really bound.
  uint16_t port() const;

 private:
  struct Library;
  explicit HttpServer(std::unique_ptr<Library> library);
  std::unique_ptr<Library> library_;
};

}  // namespace berth
