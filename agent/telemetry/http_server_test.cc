// SPDX-License-Identifier: Apache-2.0
#include "agent/telemetry/http_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>

#include <array>

#include "core/base/unique_fd.h"

namespace berth {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

UniqueFd Connect(uint16_t port) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return fd;
}

// All that the server says to `request` before it closes.
std::string Ask(uint16_t port, const std::string& request) {
  const UniqueFd fd = Connect(port);
  EXPECT_EQ(send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(request.size()));
  shutdown(fd.get(), SHUT_WR);  // So that an incomplete request is known to be so at once.
  std::string answer;
  std::array<char, 4096> buffer{};
  for (ssize_t got = 1; got > 0;) {
    got = recv(fd.get(), buffer.data(), buffer.size(), 0);
    if (got > 0) answer.append(buffer.data(), static_cast<size_t>(got));
  }
  return answer;
}

std::unique_ptr<HttpServer> StartServer() {
  return HttpServer::Start("127.0.0.1:0", {{"/hello", [] { return HttpReply{.body = "hello\n"}; }},
                                           {"/sick",
                                            [] {
                                              return HttpReply{.status = 503,
                                                               .content_type = "application/json",
                                                               .body = "{}"};
                                            }}})
      .value();
}

TEST(HttpServerTest, ServesItsPagesOnAFreePort) {
  const auto server = StartServer();
  ASSERT_GT(server->port(), 0);
  const std::string answer = Ask(server->port(), "GET /hello?x=1 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 6\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\nhello\n"));
}

TEST(HttpServerTest, StatusAndTypeAreThePagesOwn) {
  const auto server = StartServer();
  const std::string answer = Ask(server->port(), "GET /sick HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Type: application/json\r\n"));
}

TEST(HttpServerTest, HeadHasNoBody) {
  const auto server = StartServer();
  const std::string answer = Ask(server->port(), "HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 6\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST(HttpServerTest, OtherPagesAndMethodsAreRefusedByName) {
  const auto server = StartServer();
  EXPECT_THAT(Ask(server->port(), "GET /../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n"),
              StartsWith("HTTP/1.1 4"));
  EXPECT_THAT(Ask(server->port(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n"), HasSubstr("/hello\n/sick"));
  EXPECT_THAT(Ask(server->port(), "DELETE /hello HTTP/1.1\r\nHost: a\r\n\r\n"),
              StartsWith("HTTP/1.1 405"));
  EXPECT_THAT(Ask(server->port(), "POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx"),
              HasSubstr("Allow: GET, HEAD"));
}

TEST(HttpServerTest, NonsenseAndOverlongRequestsAreRefused) {
  const auto server = StartServer();
  EXPECT_THAT(Ask(server->port(), "\r\n\r\n\r\n"), Not(HasSubstr("200 OK")));
  const std::string overlong = "GET /hello HTTP/1.1\r\nX: " + std::string(20000, 'x') + "\r\n\r\n";
  EXPECT_THAT(Ask(server->port(), overlong), Not(HasSubstr("200 OK")));
  // And it still serves.
  EXPECT_THAT(Ask(server->port(), "GET /hello HTTP/1.0\r\n\r\n"), HasSubstr("200 OK"));
}

TEST(HttpServerTest, ATakenAddressIsToldWithTheCure) {
  const auto server = StartServer();
  const std::string address = "127.0.0.1:" + std::to_string(server->port());
  const auto second = HttpServer::Start(address, {});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("http.address"));
}

TEST(HttpServerTest, StoppingFreesThePort) {
  auto server = StartServer();
  const std::string address = "127.0.0.1:" + std::to_string(server->port());
  server.reset();
  EXPECT_TRUE(HttpServer::Start(address, {}).ok());
}

}  // namespace
}  // namespace berth
