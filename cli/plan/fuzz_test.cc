// SPDX-License-Identifier: Apache-2.0
// What the fuzzer has started from and found, once each: nothing may abort.
#include "cli/plan/fuzz.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace berth::cli {
namespace {

TEST(PlanFuzzTest, EveryKeptInput) {
  int inputs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(BERTH_TEST_DATA "/fuzz/plan")) {
    SCOPED_TRACE(entry.path().string());
    std::ifstream file(entry.path(), std::ios::binary);
    FuzzPlan(std::string(std::istreambuf_iterator<char>(file), {}));
    ++inputs;
  }
  EXPECT_GE(inputs, 5);
}

}  // namespace
}  // namespace berth::cli
