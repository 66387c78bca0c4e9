// SPDX-License-Identifier: Apache-2.0
#include "agent/telemetry/process_metrics.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "tests/support/temp_directory.h"

namespace berth {
namespace {

TEST(ProcessMetricsTest, ReadsTheFiguresOfAProcTree) {
  const TempDirectory proc;
  proc.Write("self/fd/0", "");
  proc.Write("self/fd/1", "");
  proc.Write("self/status",
             "Name:\tVmRSS: 7\nVmSize:\t  4096 kB\nVmRSS:\t   30 kB\nRssAnon:\t  10 kB\n"
             "Threads:\t5\n");
  // A name with a blank and a bracket in it, as the kernel allows.
  proc.Write("self/stat", "7 (a) b) S 1 1 1 0 -1 0 0 0 0 0 150 50 0 0 20 0 5 0 300 4096 7");
  proc.Write("stat", "cpu  1 2 3\nbtime 1000\nprocesses 3\n");
  const ProcessFigures figures = ReadProcessFigures(proc.path());
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  EXPECT_EQ(figures.resident_bytes, 30 * 1024);
  EXPECT_EQ(figures.anonymous_bytes, 10 * 1024);
  EXPECT_EQ(figures.virtual_bytes, 4096 * 1024);
  EXPECT_EQ(figures.threads, 5);
  EXPECT_DOUBLE_EQ(figures.cpu_seconds, 200 / ticks);
  EXPECT_DOUBLE_EQ(figures.start_time_seconds, 1000 + 300 / ticks);
  EXPECT_EQ(figures.open_fds, 2);
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
