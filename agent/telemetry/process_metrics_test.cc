// SPDX-License-Identifier: Apache-2.0
#include "agent/telemetry/process_metrics.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace berth {
namespace {

TEST(ProcessMetricsTest, ReadsTheFiguresOfAProcTree) {
  std::string root = testing::TempDir() + "proc_XXXXXX";
  ASSERT_NE(mkdtemp(root.data()), nullptr);
  std::filesystem::create_directories(root + "/self/fd");
  std::ofstream(root + "/self/fd/0");
  std::ofstream(root + "/self/fd/1");
  std::ofstream(root + "/self/status")
      << "Name:\tVmRSS: 7\nVmSize:\t  4096 kB\nVmRSS:\t   30 kB\nRssAnon:\t  10 kB\nThreads:\t5\n";
  // A name with a blank and a bracket in it, as the kernel allows.
  std::ofstream(root + "/self/stat")
      << "7 (a) b) S 1 1 1 0 -1 0 0 0 0 0 150 50 0 0 20 0 5 0 300 4096 7";
  std::ofstream(root + "/stat") << "cpu  1 2 3\nbtime 1000\nprocesses 3\n";
  const ProcessFigures figures = ReadProcessFigures(root);
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  EXPECT_EQ(figures.resident_bytes, 30 * 1024);
  EXPECT_EQ(figures.anonymous_bytes, 10 * 1024);
  EXPECT_EQ(figures.virtual_bytes, 4096 * 1024);
  EXPECT_EQ(figures.threads, 5);
  EXPECT_DOUBLE_EQ(figures.cpu_seconds, 200 / ticks);
  EXPECT_DOUBLE_EQ(figures.start_time_seconds, 1000 + 300 / ticks);
  EXPECT_EQ(figures.open_fds, 2);
  std::filesystem::remove_all(root);
}

TEST(ProcessMetricsTest, ThisProcessHasFigures) {
  const ProcessFigures figures = ReadProcessFigures();
  EXPECT_GT(figures.resident_bytes, figures.anonymous_bytes);
  EXPECT_GT(figures.anonymous_bytes, 0);
  EXPECT_GT(figures.start_time_seconds, 1.6e9);
  EXPECT_GE(figures.open_fds, 3);
  EXPECT_GT(figures.max_fds, 0);
}

TEST(ProcessMetricsTest, WithoutProcEverythingIsZero) {
  EXPECT_EQ(ReadProcessFigures("/nonexistent").resident_bytes, 0);
}

}  // namespace
}  // namespace berth
