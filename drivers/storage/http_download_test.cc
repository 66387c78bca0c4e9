// SPDX-License-Identifier: Apache-2.0
#include "drivers/storage/http_download.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "core/base/error.h"
#include "core/base/reasons.h"
#include "drivers/storage/hostile_http_server.h"
#include "tests/support/temp_directory.h"

namespace berth {
namespace {

using Answer = HostileHttpServer::Answer;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

// Every part of it differs from every other.
std::string Body(size_t bytes = 200'000) {
  std::string body;
  for (size_t i = 0; body.size() < bytes; ++i) body += fmt::format("{:08x}", i * 2654435761);
  body.resize(bytes);
  return body;
}

std::string Sha256Of(std::string_view bytes) {
  Hasher hasher;
  hasher.Update(bytes);
  return hasher.Finish().sha256;
}

std::string Whole(std::string_view body, std::string_view more = "ETag: \"v1\"\r\n") {
  return fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{}\r\n{}", body.size(), more, body);
}

// Where the request wants the answer to begin; nullopt: it wants all.
std::optional<size_t> Wanted(const std::string& request) {
  const size_t at = request.find("Range: bytes=");
  if (at == std::string::npos) return std::nullopt;
  return std::stoul(request.substr(at + 13));
}

std::string Rest(std::string_view body, size_t from) {
  return fmt::format(
      "HTTP/1.1 206 Partial Content\r\nContent-Length: {}\r\nContent-Range: bytes {}-{}/{}\r\n"
      "ETag: \"v1\"\r\n\r\n{}",
      body.size() - from, from, body.size() - 1, body.size(), body.substr(from));
}

std::string Status(int status) {
  return fmt::format("HTTP/1.1 {} Whatever\r\nContent-Length: 3\r\n\r\nno\n", status);
}

class HttpDownloadTest : public testing::Test {
 protected:
  StatusOr<Downloaded> Run(const HostileHttpServer& server, bool checked = false,
                           const std::string& boot_id = "boot-1") {
    return DownloadHttp({server.Url(), checked}, directory_.Path("part"), boot_id, limits_,
                        transfer_);
  }
  void ExpectWhole(const StatusOr<Downloaded>& downloaded, const std::string& body) {
    ASSERT_TRUE(downloaded.ok()) << downloaded.status();
    EXPECT_EQ(downloaded->bytes, static_cast<int64_t>(body.size()));
    EXPECT_EQ(downloaded->digests.sha256, Sha256Of(body));
    EXPECT_EQ(directory_.Read("part"), body);
  }

  TempDirectory directory_;
  SystemClock clock_;
  Transfer transfer_{clock_};
  HttpLimits limits_{.stall = std::chrono::seconds(1)};
};

TEST_F(HttpDownloadTest, BringsAFileWithItsDigests) {
  const HostileHttpServer server([](const auto&, int) { return Answer{Whole("abc")}; });
  const auto downloaded = Run(server);
  ExpectWhole(downloaded, "abc");
  EXPECT_EQ(downloaded->digests.sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_THAT(downloaded->digests.sha512, testing::StartsWith("ddaf35a193617abacc417349ae204131"));
  EXPECT_EQ(transfer_.progress().done_bytes, 3);
  EXPECT_EQ(transfer_.progress().total_bytes, 3);
}

TEST_F(HttpDownloadTest, GoesOnAtOnceWhereAConnectionBrokeOff) {
  const std::string body = Body();
  const HostileHttpServer server([&](const std::string& request, int number) {
    const auto from = Wanted(request);
    std::string answer = from ? Rest(body, *from) : Whole(body);
    if (number < 3) answer.resize(answer.size() / 2);
    return Answer{answer};
  });
  ExpectWhole(Run(server), body);
  EXPECT_THAT(server.requests(), SizeIs(4));
  EXPECT_THAT(server.requests().back(), HasSubstr("If-Range: \"v1\""));
}

TEST_F(HttpDownloadTest, GoesOnInALaterCall) {
  const std::string body = Body();
  const HostileHttpServer server([&](const std::string& request, int number) {
    if (number == 0) return Answer{Whole(body).substr(0, 100'000)};
    if (number == 1) return Answer{Status(503)};
    return Answer{Rest(body, Wanted(request).value_or(0))};
  });
  const auto broken = Run(server);
  EXPECT_EQ(broken.status().code(), StatusCode::kUnavailable) << broken.status();
  EXPECT_EQ(DetailsOf(broken.status()).metadata.at("status"), "503");
  ExpectWhole(Run(server), body);
}

TEST_F(HttpDownloadTest, BeginsAnewWhereTheSourceIsAnotherByNow) {
  const std::string body = Body(), newer = "x" + Body();
  const HostileHttpServer server([&](const auto&, int number) {
    if (number == 0) return Answer{Whole(body).substr(0, 100'000)};
    return Answer{Whole(newer, "ETag: \"v2\"\r\n")};  // As If-Range says.
  });
  ExpectWhole(Run(server), newer);
}

TEST_F(HttpDownloadTest, WithoutAnyWordOnItsVersionItBeginsAnewUnlessTheDigestIsChecked) {
  const std::string body = Body();
  const auto script = [&](const std::string& request, int number) {
    if (number == 0) return Answer{Whole(body, "").substr(0, 100'000)};
    const auto from = Wanted(request);
    return Answer{from ? Rest(body, *from) : Whole(body, "")};
  };
  const HostileHttpServer server(script);
  ExpectWhole(Run(server), body);
  EXPECT_THAT(server.requests().back(), Not(HasSubstr("Range:")));
  const HostileHttpServer checked(script);
  ExpectWhole(Run(checked, true), body);
  EXPECT_THAT(checked.requests().back(), HasSubstr("Range:"));
}

TEST_F(HttpDownloadTest, AfterARebootOfTheHostOnlyWhatIsCheckedIsGoneOnWith) {
  const std::string body = Body();
  const auto script = [&](const std::string& request, int number) {
    if (number == 0) return Answer{Whole(body).substr(0, 100'000)};
    if (number == 1) return Answer{Status(503)};
    const auto from = Wanted(request);
    return Answer{from ? Rest(body, *from) : Whole(body)};
  };
  const HostileHttpServer server(script);
  EXPECT_FALSE(Run(server).ok());
  ExpectWhole(Run(server, false, "boot-2"), body);
  EXPECT_THAT(server.requests().back(), Not(HasSubstr("Range:")));
}

TEST_F(HttpDownloadTest, WhatIsThereWholeIsNotFetchedAgain) {
  const std::string body = Body();
  const HostileHttpServer server([&](const auto&, int number) {
    if (number == 0) return Answer{Whole(body)};
    return Answer{
        fmt::format("HTTP/1.1 416 No\r\nContent-Range: bytes */{}\r\n"
                    "Content-Length: 0\r\n\r\n",
                    body.size())};
  });
  ExpectWhole(Run(server), body);
  ExpectWhole(Run(server), body);
}

TEST_F(HttpDownloadTest, AnotherPartThanAskedForIsNotTaken) {
  const std::string body = Body();
  const HostileHttpServer server([&](const auto&, int number) {
    if (number == 0) return Answer{Whole(body).substr(0, 100'000)};
    if (number == 1) return Answer{Rest(body, 7)};
    return Answer{Whole(body)};
  });
  EXPECT_EQ(Run(server).status().code(), StatusCode::kUnavailable);
  ExpectWhole(Run(server), body);
}

TEST_F(HttpDownloadTest, FewerBytesThanPromisedAreNotAll) {
  const HostileHttpServer server([](const auto&, int) {
    return Answer{"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort"};
  });
  const auto downloaded = Run(server);
  EXPECT_EQ(ReasonOf(downloaded.status()), reasons::kImageSourceUnavailable) << downloaded.status();
  EXPECT_EQ(downloaded.status().code(), StatusCode::kUnavailable);
}

TEST_F(HttpDownloadTest, ASourceThatSaysNothingMoreIsLeft) {
  const HostileHttpServer server([](const auto&, int) {
    return Answer{Whole(Body()).substr(0, 50'000), true};
  });
  const auto downloaded = Run(server, true);
  EXPECT_EQ(downloaded.status().code(), StatusCode::kUnavailable) << downloaded.status();
  EXPECT_EQ(ReasonOf(downloaded.status()), reasons::kImageSourceUnavailable);
}

TEST_F(HttpDownloadTest, RedirectsAreFollowedButNotForEver) {
  HostileHttpServer* self = nullptr;
  HostileHttpServer server([&](const std::string& request, int number) {
    if (number == 0)
      return Answer{"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 5\r\n\r\nthere"};
    EXPECT_THAT(request, HasSubstr("GET /other "));
    return Answer{Whole("abc")};
  });
  self = &server;
  ExpectWhole(Run(*self), "abc");
  const HostileHttpServer round([](const auto&, int) {
    return Answer{"HTTP/1.1 302 Found\r\nLocation: /image\r\nContent-Length: 0\r\n\r\n"};
  });
  const auto downloaded = Run(round);
  EXPECT_EQ(downloaded.status().code(), StatusCode::kFailedPrecondition) << downloaded.status();
  EXPECT_THAT(round.requests(), SizeIs(1U + static_cast<size_t>(limits_.redirects)));
}

TEST_F(HttpDownloadTest, ARedirectToAFileOfTheHostIsNotFollowed) {
  const HostileHttpServer server([](const auto&, int) {
    return Answer{"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n"};
  });
  const auto downloaded = Run(server);
  EXPECT_EQ(downloaded.status().code(), StatusCode::kFailedPrecondition) << downloaded.status();
  EXPECT_EQ(directory_.Read("part"), "");
}

TEST_F(HttpDownloadTest, StatusesSayWhetherToTryAgain) {
  for (const int later : {408, 429, 500, 503}) {
    const HostileHttpServer server([later](const auto&, int) { return Answer{Status(later)}; });
    EXPECT_EQ(Run(server).status().code(), StatusCode::kUnavailable) << later;
  }
  for (const int never : {401, 403, 404, 410}) {
    const HostileHttpServer server([never](const auto&, int) { return Answer{Status(never)}; });
    const auto downloaded = Run(server);
    EXPECT_EQ(downloaded.status().code(), StatusCode::kFailedPrecondition) << never;
    EXPECT_EQ(DetailsOf(downloaded.status()).metadata.at("status"), std::to_string(never));
  }
  EXPECT_EQ(directory_.Read("part"), "") << "no error page is taken for the file";
}

TEST_F(HttpDownloadTest, MoreThanAllowedIsRefusedAndRemoved) {
  limits_.bytes_max = 1000;
  const HostileHttpServer server([](const auto&, int) { return Answer{Whole(Body())}; });
  const auto downloaded = Run(server);
  EXPECT_EQ(downloaded.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(downloaded.status()), reasons::kImageInvalid);
  EXPECT_FALSE(std::filesystem::exists(directory_.Path("part")));
}

TEST_F(HttpDownloadTest, NothingAtAllIsNoImage) {
  const HostileHttpServer server([](const auto&, int) { return Answer{Whole("")}; });
  EXPECT_EQ(ReasonOf(Run(server).status()), reasons::kImageInvalid);
}

TEST_F(HttpDownloadTest, NobodyThereIsToBeTriedAgain) {
  std::string url;
  {
    const HostileHttpServer gone([](const auto&, int) { return Answer{}; });
    url = gone.Url();
  }
  const auto downloaded =
      DownloadHttp({url}, directory_.Path("part"), "boot-1", limits_, transfer_);
  EXPECT_EQ(downloaded.status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(DetailsOf(downloaded.status()).metadata.at("url"), url);
}

TEST_F(HttpDownloadTest, CancelledItKeepsWhatHasCome) {
  const std::string body = Body();
  const HostileHttpServer server([&](const std::string& request, int number) {
    if (number == 0) return Answer{Whole(body).substr(0, 100'000), true};
    return Answer{Rest(body, Wanted(request).value_or(0))};
  });
  ThreadPool canceller("cancel", 1);
  canceller.Post([&] {
    const SteadyTime deadline = clock_.Now() + std::chrono::seconds(20);
    while (transfer_.progress().done_bytes == 0 && clock_.Now() < deadline) {
    }
    transfer_.Cancel();
  });
  const auto cancelled = Run(server);
  EXPECT_EQ(ReasonOf(cancelled.status()), reasons::kOperationCancelled) << cancelled.status();
  Transfer again(clock_);
  EXPECT_TRUE(DownloadHttp({server.Url()}, directory_.Path("part"), "boot-1", limits_, again).ok());
  EXPECT_THAT(server.requests().back(), HasSubstr("Range:"));
}

}  // namespace
}  // namespace berth
