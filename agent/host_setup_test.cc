// SPDX-License-Identifier: Apache-2.0
#include "agent/host_setup.h"

#include <gmock/gmock.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/base/error.h"
#include "tests/support/temp_directory.h"

namespace berth {
namespace {

using testing::HasSubstr;

class HostSetupTest : public testing::Test {
 protected:
  TempDirectory directory_;
};

TEST_F(HostSetupTest, MakesADirectoryWithThoseAboveItForOthersToPassThrough) {
  ASSERT_TRUE(MakeDirectory(directory_.Path("a/b"), "state_dir").ok());
  struct stat info {};
  ASSERT_EQ(stat(directory_.Path("a/b").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0711u);
  EXPECT_TRUE(MakeDirectory(directory_.Path("a/b"), "state_dir").ok());
}

TEST_F(HostSetupTest, AFileInTheWayNamesTheSetting) {
  directory_.Write("file", "x");
  const Status status = MakeDirectory(directory_.Path("file/below"), "state_dir (--state-dir)");
  EXPECT_THAT(std::string(status.message()), HasSubstr("set state_dir (--state-dir) to a place"));
}

TEST_F(HostSetupTest, TheStateDirectoryHasOneAgentAtATime) {
  auto first = LockStateDir(directory_.path());
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = LockStateDir(directory_.path());
  EXPECT_EQ(ReasonOf(second.status()), kStateDirInUse);
  EXPECT_THAT(std::string(second.status().message()),
              HasSubstr("process " + std::to_string(getpid())));
  first->Reset();
  EXPECT_TRUE(LockStateDir(directory_.path()).ok());
}

TEST_F(HostSetupTest, ThePortFileIsReplacedWhole) {
  const std::string path = directory_.Path("port");
  ASSERT_TRUE(WritePortFile(path, 65535).ok());
  ASSERT_TRUE(WritePortFile(path, 80).ok());
  std::ifstream file(path);
  std::string text;
  std::getline(file, text);
  EXPECT_EQ(text, "80");
  EXPECT_FALSE(std::filesystem::exists(path + ".new"));
  EXPECT_FALSE(WritePortFile(directory_.Path("none/port"), 80).ok());
}

TEST_F(HostSetupTest, AGroupThatDoesNotExistIsNamed) {
  const Status status = GiveToGroup(directory_.path(), "no-such-group-here");
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("no-such-group-here"));
}

TEST_F(HostSetupTest, AGroupThatExistsGetsTheFile) {
  // Root may give it to anybody, others only to a group of their own.
  const gid_t wanted = getuid() == 0 ? 1 : getgid();
  const group* entry = getgrgid(wanted);
  ASSERT_NE(entry, nullptr);
  EXPECT_TRUE(GiveToGroup(directory_.path(), entry->gr_name).ok());
  struct stat info {};
  ASSERT_EQ(stat(directory_.path().c_str(), &info), 0);
  EXPECT_EQ(info.st_gid, wanted);
}

}  // namespace
}  // namespace berth
