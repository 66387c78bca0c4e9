// SPDX-License-Identifier: Apache-2.0
#include "agent/api/unix_listener.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <filesystem>
#include <fstream>
#include <future>

#include "agent/api/peers.h"
#include "agent/api/test_support.h"

namespace berth::api {
namespace {

class UnixListenerTest : public testing::Test {
 protected:
  UnixListenerTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "berth-socket-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    path_ = directory_ + "/berthd.sock";
  }
  ~UnixListenerTest() override { std::filesystem::remove_all(directory_); }

  UniqueFd Connect() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fd.Reset();
    return fd;
  }

  std::string directory_;
  std::string path_;
  RecordingLog log_;
};

TEST_F(UnixListenerTest, ConnectionsReachTheSinkAndTheSocketHasItsMode) {
  auto listener = UnixListener::Bind(path_, 0620);
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_EQ(std::filesystem::status(path_).permissions(),
            static_cast<std::filesystem::perms>(0620));
  std::promise<bool> came;
  (*listener)->Start([&](UniqueFd fd) { came.set_value(fd.ok()); }, log_);
  const UniqueFd client = Connect();
  EXPECT_TRUE(client.ok());
  EXPECT_TRUE(came.get_future().get());
}

TEST_F(UnixListenerTest, AStaleSocketIsReplaced) {
  {
    auto crashed = UnixListener::Bind(path_, 0600);
    ASSERT_TRUE(crashed.ok());
    std::filesystem::rename(path_, path_ + ".kept");  // So that its end does not remove it.
  }
  std::filesystem::rename(path_ + ".kept", path_);
  EXPECT_FALSE(Connect().ok());
  EXPECT_TRUE(UnixListener::Bind(path_, 0600).ok());
}

TEST_F(UnixListenerTest, ALivingAgentIsNotRobbedOfItsSocket) {
  auto living = UnixListener::Bind(path_, 0600);
  ASSERT_TRUE(living.ok());
  const auto second = UnixListener::Bind(path_, 0600);
  EXPECT_EQ(second.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(Connect().ok());
}

TEST_F(UnixListenerTest, AFileThatIsNoSocketIsLeftAlone) {
  std::ofstream(path_) << "precious";
  EXPECT_EQ(UnixListener::Bind(path_, 0600).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(UnixListenerTest, APathThatIsTooLongIsRefusedWithTheLimit) {
  const auto bound = UnixListener::Bind("/tmp/" + std::string(200, 'x'), 0600);
  EXPECT_EQ(bound.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(bound.status().message()), testing::HasSubstr("103"));
}

TEST_F(UnixListenerTest, TheSocketGoesWithItsListenerUnlessItIsAnothers) {
  auto first = UnixListener::Bind(path_, 0600);
  ASSERT_TRUE(first.ok());
  (*first)->Stop();
  EXPECT_FALSE(std::filesystem::exists(path_));
  auto second = UnixListener::Bind(path_, 0600);
  std::filesystem::remove(path_);
  auto third = UnixListener::Bind(path_, 0600);
  (*second)->Stop();
  EXPECT_TRUE(std::filesystem::exists(path_));
}

UniqueFd OneEndOfAPair(UniqueFd& other) {
  int ends[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  other = UniqueFd(ends[1]);
  return UniqueFd(ends[0]);
}

TEST(PeersTest, AConnectionIsKnownByTheUserWhoMadeIt) {
  Peers peers;
  UniqueFd other;
  const auto admitted = peers.Admit(OneEndOfAPair(other));
  ASSERT_TRUE(admitted.ok());
  EXPECT_EQ(peers.PrincipalOf("fd:" + std::to_string(admitted->get())),
            "uid:" + std::to_string(getuid()));
}

TEST(PeersTest, NamesThatWereNeverAdmittedAreNobody) {
  Peers peers;
  for (const char* name : {"", "fd:", "fd:x", "fd:999999", "unix:", "ipv4:127.0.0.1:80"})
    EXPECT_EQ(peers.PrincipalOf(name), "unknown") << name;
}

TEST(PeersTest, ANumberIsNotUsedAgainRightAfterItsConnectionHasEnded) {
  Peers peers;
  UniqueFd other;
  int last = -1;
  for (int i = 0; i < 100; ++i) {
    const auto admitted = peers.Admit(OneEndOfAPair(other));
    ASSERT_TRUE(admitted.ok());
    EXPECT_GT(admitted->get(), last);
    last = admitted->get();
  }
}

TEST(PeersTest, TheRingOfNumbersBeginsAnewAtItsEnd) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few{.rlim_cur = 512, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  Peers peers;
  UniqueFd other;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(peers.Admit(OneEndOfAPair(other)).ok()) << i;
  setrlimit(RLIMIT_NOFILE, &before);
}

TEST(PeersTest, WhatIsNoSocketIsRefused) {
  Peers peers;
  EXPECT_EQ(peers.Admit(UniqueFd(open("/dev/null", O_RDONLY | O_CLOEXEC))).status().code(),
            StatusCode::kUnavailable);
}

}  // namespace
}  // namespace berth::api
