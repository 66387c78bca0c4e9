// SPDX-License-Identifier: Apache-2.0
#include "drivers/storage/process.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "core/base/unique_fd.h"
#include "tests/support/temp_directory.h"

namespace berth {
namespace {

using ::testing::HasSubstr;

std::string MessageOf(const Status& status) { return std::string(status.message()); }

StatusOr<ProcessResult> Shell(const std::string& script, ProcessLimits limits = {}) {
  return RunProcess({"/bin/sh", "-c", script}, limits);
}

TEST(ProcessTest, KeepsOutputErrorsAndExitCodeApart) {
  const auto result = Shell("echo out; echo err >&2; exit 7");
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->exit_code, 7);
  EXPECT_EQ(result->output, "out\n");
  EXPECT_EQ(result->errors, "err");
}

TEST(ProcessTest, HandsArgumentsOverWithoutAShell) {
  const std::string hostile = "$(touch /tmp/x); `id` \"'<>&| \n";
  const auto result = RunProcess({"/usr/bin/printf", "%s", hostile}, {});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->output, hostile);
}

TEST(ProcessTest, GivesNoInputNoDescriptorsAndAlmostNoEnvironment) {
  const int leaked = open("/dev/null", O_RDONLY);  // Without O_CLOEXEC, as a library might.
  ASSERT_GT(leaked, 2);
  const auto result = Shell("cat; ls /proc/self/fd; env | cut -d= -f1 | sort; pwd");
  close(leaked);
  ASSERT_TRUE(result.ok()) << result.status();
  // 3 is ls's own, of the directory it lists.
  EXPECT_EQ(result->output, "0\n1\n2\n3\nLC_ALL\nMALLOC_ARENA_MAX\nPATH\nPWD\n/\n");
}

TEST(ProcessTest, StartsWithSignalsAtTheirDefaults) {
  struct sigaction ignore {};
  struct sigaction before {};
  ignore.sa_handler = SIG_IGN;
  ASSERT_EQ(sigaction(SIGTERM, &ignore, &before), 0);
  const auto result = Shell("kill -TERM $$; echo still here");
  ASSERT_EQ(sigaction(SIGTERM, &before, nullptr), 0);
  EXPECT_EQ(result.status().code(), StatusCode::kInternal);
  EXPECT_THAT(MessageOf(result.status()), HasSubstr("killed by SIGTERM"));
}

TEST(ProcessTest, NamesAProgramThatIsNotThere) {
  const auto result = RunProcess({"/no/such/program"}, {});
  EXPECT_EQ(result.status().code(), StatusCode::kNotFound);
  EXPECT_THAT(MessageOf(result.status()), HasSubstr("/no/such/program"));
}

TEST(ProcessTest, SaysWhyAFileCannotBeRun) {
  const TempDirectory directory;
  const auto result = RunProcess({directory.Write("text", "not a program")}, {});
  EXPECT_FALSE(result.ok());
  EXPECT_THAT(MessageOf(result.status()), HasSubstr("ermission denied"));
}

TEST(ProcessTest, KillsTheWholeGroupAtTheTimeout) {
  const TempDirectory directory;
  const std::string fifo = directory.Path("held");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  const UniqueFd reader(open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  ProcessLimits limits;
  limits.timeout = Duration(300);
  // The grandchild holds the pipe open, and would for ten minutes.
  const auto result = Shell("sleep 600 > " + fifo + " & wait", limits);
  EXPECT_EQ(result.status().code(), StatusCode::kDeadlineExceeded) << result.status();
  pollfd waiting{reader.get(), POLLIN, 0};
  EXPECT_EQ(poll(&waiting, 1, 10000), 1);
  EXPECT_NE(waiting.revents & POLLHUP, 0);
}

TEST(ProcessTest, DoesNotWaitForADescendantThatKeepsThePipesOpen) {
  ProcessLimits limits;
  limits.timeout = std::chrono::seconds(60);
  const auto result = Shell("sleep 600 & echo done", limits);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->output, "done\n");
}

TEST(ProcessTest, DiesWithItsAgent) {
  const TempDirectory directory;
  const std::string fifo = directory.Path("held");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  const pid_t agent = fork();
  if (agent == 0) _exit(Shell("exec sleep 600 > " + fifo).ok() ? 0 : 1);
  // Opens once the program has opened its end.
  const UniqueFd reader(open(fifo.c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(kill(agent, SIGKILL), 0);
  ASSERT_EQ(waitpid(agent, nullptr, 0), agent);
  pollfd waiting{reader.get(), POLLIN, 0};
  EXPECT_EQ(poll(&waiting, 1, 10000), 1);
  EXPECT_NE(waiting.revents & POLLHUP, 0);
}

TEST(ProcessTest, EndsAProgramThatSaysTooMuch) {
  ProcessLimits limits;
  limits.output_bytes = 1000;
  const auto result = RunProcess({"/usr/bin/yes"}, limits);
  EXPECT_EQ(result.status().code(), StatusCode::kResourceExhausted) << result.status();
}

TEST(ProcessTest, CutsErrorsAtTheLimit) {
  ProcessLimits limits;
  limits.output_bytes = 10;
  const auto result = Shell("head -c 100000 /dev/zero | tr '\\0' x >&2", limits);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->errors, "xxxxxxxxxx");
}

TEST(ProcessTest, BoundsMemory) {
  ProcessLimits limits;
  limits.address_space_bytes = 64 << 20;
  const auto result =
      RunProcess({"/usr/bin/dd", "if=/dev/zero", "of=/dev/null", "bs=500M", "count=1"}, limits);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_NE(result->exit_code, 0);
  EXPECT_THAT(result->errors, HasSubstr("memory"));
}

TEST(ProcessTest, BoundsTheFilesItWrites) {
  const TempDirectory directory;
  const std::string file = directory.Path("file");
  ProcessLimits limits;
  limits.file_bytes = 4096;
  const auto result = Shell("exec head -c 1000000 /dev/zero > " + file, limits);
  EXPECT_THAT(MessageOf(result.status()), HasSubstr("SIGXFSZ"));
  EXPECT_LE(std::filesystem::file_size(file), 4096U);
}

TEST(ProcessTest, BoundsProcessorTime) {
  ProcessLimits limits;
  limits.cpu_seconds = 1;
  const auto result = Shell("while :; do :; done", limits);
  EXPECT_EQ(result.status().code(), StatusCode::kInternal);
  EXPECT_THAT(MessageOf(result.status()), HasSubstr("killed by SIG"));
}

// What a shell can be made to try stands for what a program can that somebody has taken over.
class ConfinementTest : public testing::Test {
 protected:
  StatusOr<ProcessResult> Confined(const std::string& script) {
    ProcessLimits limits;
    limits.files = {.read = {readable_}, .write = {writable_}};
    return RunProcess({"/bin/bash", "--norc", "-c", script}, limits);
  }
  void ExpectRefused(const std::string& script, const std::string& words) {
    const auto result = Confined(script);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_NE(result->exit_code, 0) << script << ": " << result->output;
    EXPECT_THAT(result->errors, HasSubstr(words)) << script;
  }

  TempDirectory directory_;
  const std::string readable_ = directory_.Write("readable", "r");
  const std::string writable_ = directory_.Write("writable", "w");
  const std::string secret_ = directory_.Write("secret", "s");
};

TEST_F(ConfinementTest, ItsOwnFilesCanBeReadAndWritten) {
  const auto result = Confined("read -N 1 x < " + readable_ + "; echo $x; echo new > " + writable_);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->errors, "");
  EXPECT_EQ(result->output, "r\n");
  EXPECT_EQ(directory_.Read("writable"), "new\n");
}

TEST_F(ConfinementTest, NoOtherFileCanBeReadWrittenOrMade) {
  ASSERT_TRUE(Confinement::GuardsFiles()) << "a kernel without Landlock: Debian 12's has it";
  ExpectRefused("read x < " + secret_, "Permission denied");
  ExpectRefused("read x < /etc/passwd", "Permission denied");
  ExpectRefused("echo > " + readable_, "Permission denied");
  ExpectRefused("echo > " + directory_.Path("new"), "Permission denied");
  ExpectRefused("cd " + directory_.path(), "not implemented");
  EXPECT_FALSE(std::filesystem::exists(directory_.Path("new")));
  EXPECT_EQ(directory_.Read("secret"), "s");
}

TEST_F(ConfinementTest, ThereIsNoNetworkAndNoOtherProcess) {
  ExpectRefused("exec 3<>/dev/tcp/127.0.0.1/9", "not implemented");
  ExpectRefused("/usr/bin/true & wait $!", "not implemented");
  ExpectRefused("kill -9 $PPID", "not implemented");
}

TEST_F(ConfinementTest, AFileThatIsNotThereIsSaidToBeMissing) {
  ProcessLimits limits;
  limits.files = {.read = {directory_.Path("missing")}, .write = {}};
  const auto result = RunProcess({"/bin/true"}, limits);
  EXPECT_EQ(result.status().code(), StatusCode::kInternal);
  EXPECT_THAT(MessageOf(result.status()), HasSubstr("missing"));
}

}  // namespace
}  // namespace berth
