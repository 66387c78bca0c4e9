// SPDX-License-Identifier: Apache-2.0
#include "core/base/transfer.h"

#include <gtest/gtest.h>

#include "core/base/sim_executor.h"

namespace berth {
namespace {

using std::chrono::seconds;

TEST(TransferTest, TheRateIsThatOfTheLastSeconds) {
  SimExecutor sim;
  Transfer transfer(sim);
  for (int i = 1; i <= 3; ++i) {
    sim.RunFor(seconds(1));
    transfer.Tell(i * 1000, 10000);
  }
  EXPECT_EQ(transfer.progress().bytes_per_second, 1000);
  sim.RunFor(seconds(1));
  transfer.Tell(8000, 10000);
  EXPECT_EQ(transfer.progress().bytes_per_second, 5000);
  EXPECT_EQ(transfer.progress().done_bytes, 8000);
  EXPECT_EQ(transfer.progress().total_bytes, 10000);
}

TEST(TransferTest, WhatStandsHasNoRate) {
  SimExecutor sim;
  Transfer transfer(sim);
  transfer.Tell(0, 10000);
  sim.RunFor(seconds(1));
  transfer.Tell(1000, 10000);
  EXPECT_EQ(transfer.silence(), Duration(0));
  sim.RunFor(seconds(6));
  EXPECT_EQ(transfer.progress().bytes_per_second, 0);
  EXPECT_EQ(transfer.silence(), seconds(6));
}

TEST(TransferTest, BytesThatWereThereBeforeOrAreAskedForAgainAreNoRate) {
  SimExecutor sim;
  Transfer transfer(sim);
  transfer.Tell(5000, 10000);  // It goes on where an earlier one broke off,
  sim.RunFor(seconds(1));
  transfer.Tell(6000, 10000);
  EXPECT_EQ(transfer.progress().bytes_per_second, 1000);
  transfer.Tell(0, 10000);  // and begins anew.
  sim.RunFor(seconds(1));
  transfer.Tell(2000, 10000);
  EXPECT_EQ(transfer.progress().bytes_per_second, 2000);
}

TEST(TransferTest, IsCancelledOnce) {
  SimExecutor sim;
  Transfer transfer(sim);
  EXPECT_FALSE(transfer.cancelled());
  transfer.Cancel();
  EXPECT_TRUE(transfer.cancelled());
}

}  // namespace
}  // namespace berth
