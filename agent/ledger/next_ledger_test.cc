// SPDX-License-Identifier: Apache-2.0
#include "agent/ledger/next_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/support/temp_directory.h"

namespace berth {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

class NextLedgerTest : public ::testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(directory.Path(name)) << text;
  }
  std::string Read(const std::string& name) {
    std::ifstream file(directory.Path(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::string Take() { return TakeNextLedger(path, WallTime(milliseconds(7))).value(); }

  TempDirectory directory;
  const std::string path = directory.Path("ledger.db");
};

TEST_F(NextLedgerTest, WithoutANextOneNothingIsDone) {
  Write("ledger.db", "old");
  EXPECT_EQ(Take(), "");
  EXPECT_EQ(Read("ledger.db"), "old");
}

TEST_F(NextLedgerTest, TheOldOneIsKeptWithItsLog) {
  Write("ledger.db", "old");
  Write("ledger.db-wal", "log");
  ASSERT_TRUE(PutNewLedger(path).ok());
  EXPECT_EQ(Read("ledger.db"), "old") << "not before the next start";
  EXPECT_EQ(Take(), path + ".replaced-7");
  EXPECT_EQ(Read("ledger.db"), "");
  EXPECT_FALSE(directory.Has("ledger.db-wal"));
  EXPECT_EQ(Read("ledger.db.replaced-7"), "old");
  EXPECT_EQ(Read("ledger.db.replaced-7-wal"), "log");
  EXPECT_FALSE(directory.Has("ledger.db.next"));
  EXPECT_EQ(Take(), "") << "once";
}

// What a crash may leave: each part of the move done or not, in its order.
TEST_F(NextLedgerTest, AnInterruptedMoveGoesOn) {
  Write("ledger.db", "old");
  ASSERT_TRUE(PutNewLedger(path).ok());
  Write("ledger.db.replaced-5-wal", "log");  // The log has gone already.
  Take();
  EXPECT_EQ(Read("ledger.db"), "");
  EXPECT_EQ(Read("ledger.db.replaced-7"), "old");

  ASSERT_TRUE(PutNewLedger(path).ok());
  fs::remove(path);  // Both have gone.
  Take();
  EXPECT_TRUE(directory.Has("ledger.db"));
  EXPECT_FALSE(directory.Has("ledger.db.next"));
}

}  // namespace
}  // namespace berth
