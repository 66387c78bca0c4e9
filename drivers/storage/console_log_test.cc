// SPDX-License-Identifier: Apache-2.0
#include "drivers/storage/console_log.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "core/base/error.h"
#include "core/base/reasons.h"
#include "drivers/storage/files.h"
#include "tests/support/temp_directory.h"

namespace berth {
namespace {

class ConsoleLogTest : public ::testing::Test {
 protected:
  StatusOr<std::string> Tail(int64_t max_bytes) {
    return ReadConsoleTail(*OpenDirectory(directory_.path()), max_bytes);
  }
  TempDirectory directory_;
};

TEST_F(ConsoleLogTest, SaysThatThereIsNone) {
  EXPECT_EQ(Tail(100).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(Tail(100).status()), reasons::kNoConsoleOutput);
}

TEST_F(ConsoleLogTest, GivesAllOfItWhereThatIsLessThanAsked) {
  directory_.Write("console.log", "one\ntwo\n");
  EXPECT_EQ(*Tail(100), "one\ntwo\n");
}

TEST_F(ConsoleLogTest, GivesTheEndAndNeverMoreThanAsked) {
  directory_.Write("console.log", "one\ntwo\n");
  EXPECT_EQ(*Tail(4), "two\n");
  EXPECT_EQ(*Tail(1), "\n");
  EXPECT_EQ(*Tail(0), "");
  EXPECT_EQ(*Tail(-5), "");
}

TEST_F(ConsoleLogTest, ReadsAcrossTheRollOldestFirst) {
  directory_.Write("console.log.2", "AAAA");
  directory_.Write("console.log.1", "BBBB");
  directory_.Write("console.log.0", "CCCC");
  directory_.Write("console.log", "DD");
  EXPECT_EQ(*Tail(1000), "AAAABBBBCCCCDD");
  EXPECT_EQ(*Tail(14), "AAAABBBBCCCCDD");
  EXPECT_EQ(*Tail(11), "ABBBBCCCCDD");
  EXPECT_EQ(*Tail(6), "CCCCDD");
  EXPECT_EQ(*Tail(3), "CDD");
}

TEST_F(ConsoleLogTest, ReadsWhatIsLeftInTheMiddleOfARoll) {
  directory_.Write("console.log.1", "AAAA");
  EXPECT_EQ(*Tail(1000), "AAAA");
  directory_.Write("console.log", "BB");
  EXPECT_EQ(*Tail(1000), "AAAABB");
}

TEST_F(ConsoleLogTest, DoesNotLoopOnAPartThatIsThereTwice) {
  directory_.Write("console.log", "AAAA");
  std::filesystem::create_hard_link(directory_.Path("console.log"),
                                    directory_.Path("console.log.0"));
  EXPECT_TRUE(Tail(1000).ok());
}

TEST_F(ConsoleLogTest, GivesBytesAsTheyAre) {
  const std::string bytes("\0\xff\x1b[2J\r\n", 8);
  directory_.Write("console.log", bytes);
  EXPECT_EQ(*Tail(100), bytes);
}

TEST_F(ConsoleLogTest, BoundsWhatItReadsHoweverMuchIsAsked) {
  directory_.Write("console.log", "x");
  std::filesystem::resize_file(directory_.Path("console.log"), int64_t{1} << 33);
  EXPECT_EQ(Tail(INT64_MAX)->size(), size_t{16} << 20);
}

TEST_F(ConsoleLogTest, FollowsNoLinkAndWaitsForNoPipe) {
  directory_.Write("secret", "root's");
  std::filesystem::create_symlink("secret", directory_.Path("console.log"));
  EXPECT_EQ(Tail(100).status().code(), StatusCode::kInternal);
  std::filesystem::remove(directory_.Path("console.log"));
  ASSERT_EQ(mkfifo(directory_.Path("console.log").c_str(), 0600), 0);
  EXPECT_EQ(Tail(100).status().code(), StatusCode::kInternal);
}

}  // namespace
}  // namespace berth
