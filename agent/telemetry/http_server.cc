// SPDX-License-Identifier: Apache-2.0
// The only file that knows civetweb.
#include "agent/telemetry/http_server.h"

#include <civetweb.h>
#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>

#include "core/base/error.h"
#include "core/base/reasons.h"
#include "core/base/thread_pool.h"

namespace berth {
namespace {

constexpr int kNotFound = 404;
constexpr int kMethodNotAllowed = 405;
constexpr Duration kKnockDelay{20};

const char* ReasonPhrase(const mg_connection* connection, int status) {
  return mg_get_response_code_text(connection, status);
}

void Send(mg_connection* connection, const HttpReply& reply, bool with_body,
          std::string_view extra_headers) {
  const std::string head = fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n"
      "X-Content-Type-Options: nosniff\r\n{}Connection: close\r\n\r\n",
      reply.status, ReasonPhrase(connection, reply.status), reply.content_type, reply.body.size(),
      extra_headers);
  // A client that has gone away is no trouble of ours.
  if (mg_write(connection, head.data(), head.size()) <= 0 || !with_body) return;
  mg_write(connection, reply.body.data(), reply.body.size());
}

HttpReply NoSuchPage(const HttpServer::Pages& pages) {
  HttpReply reply{.status = kNotFound, .body = "no such page; there are:\n"};
  for (const auto& [path, page] : pages) reply.body += path + "\n";
  return reply;
}

// civetweb calls this for each request, on one of its threads. The result is the status for its
// log.
int Answer(mg_connection* connection) {
  const mg_request_info* request = mg_get_request_info(connection);
  const auto& pages = *static_cast<const HttpServer::Pages*>(request->user_data);
  const std::string_view method = request->request_method;
  if (method != "GET" && method != "HEAD") {
    Send(connection, {.status = kMethodNotAllowed, .body = "these pages can only be read\n"},
         /*with_body=*/true, "Allow: GET, HEAD\r\n");
    return kMethodNotAllowed;
  }
  const auto page = pages.find(request->local_uri);
  const HttpReply reply = page == pages.end() ? NoSuchPage(pages) : page->second();
  Send(connection, reply, method == "GET", "");
  return reply.status;
}

void Knock(uint16_t port) {
  // Room for a whole message, which nobody reads: civetweb complains on stderr about one cut short.
  std::array<char, 256> ignored{};
  mg_connection* connection =
      mg_connect_client("127.0.0.1", port, /*use_ssl=*/0, ignored.data(), ignored.size());
  if (connection != nullptr) mg_close_connection(connection);
}

}  // namespace

struct HttpServer::Library {
  explicit Library(Pages p) : pages(std::move(p)) {}
  ~Library() {
    if (context != nullptr) Stop();
    mg_exit_library();
  }

  // mg_stop waits until the thread that accepts has looked up from its poll, two seconds at worst.
  // A connection that comes in while it waits ends the poll at once.
  void Stop() {
    ThreadPool knocker("http-stop", 1);
    knocker.PostAfter(kKnockDelay, [port = Port()] { Knock(port); });
    mg_stop(context);
  }

  uint16_t Port() const {
    std::array<mg_server_port, 1> ports{};
    if (mg_get_server_ports(context, 1, ports.data()) < 1) return 0;
    return static_cast<uint16_t>(ports[0].port);
  }

  const Pages pages;
  mg_context* context = nullptr;
};

HttpServer::HttpServer(std::unique_ptr<Library> library) : library_(std::move(library)) {}
HttpServer::~HttpServer() = default;

StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const std::string& address, Pages pages) {
  mg_init_library(0);
  auto library = std::make_unique<Library>(std::move(pages));
  const std::array<const char*, 17> options = {"listening_ports",
                                               address.c_str(),
                                               "num_threads",
                                               "2",
                                               "connection_queue",
                                               "16",
                                               "request_timeout_ms",
                                               "5000",
                                               "max_request_size",
                                               "8192",
                                               "enable_keep_alive",
                                               "no",
                                               "enable_directory_listing",
                                               "no",
                                               "linger_timeout_ms",
                                               "0",
                                               nullptr};
  mg_callbacks callbacks{};
  callbacks.begin_request = Answer;
  callbacks.log_message = [](const mg_connection*, const char*) { return 1; };  // Said below.
  std::array<char, 256> problem{};
  unsigned code = 0;
  mg_init_data init{&callbacks, const_cast<Pages*>(&library->pages),
                    const_cast<const char**>(options.data())};
  mg_error_data error{&code, problem.data(), problem.size()};
  library->context = mg_start2(&init, &error);
  if (library->context == nullptr)
    return MakeError(StatusCode::kUnavailable, reasons::kNotReady,
                     fmt::format("listening for HTTP on {}: {}; free that address or set "
                                 "http.address (--http)",
                                 address, problem.data()));
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(library)));
}

uint16_t HttpServer::port() const { return library_->Port(); }

}  // namespace berth
