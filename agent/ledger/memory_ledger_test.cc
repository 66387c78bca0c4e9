// SPDX-License-Identifier: Apache-2.0
// The hooks of the ledger in memory: what a simulation may do to it beside what the contract tests.
#include "agent/ledger/memory_ledger.h"

#include <gtest/gtest.h>

#include "agent/ledger/ledger_samples.h"
#include "core/base/reasons.h"
#include "core/base/sim_executor.h"

namespace berth {
namespace {

class MemoryLedgerTest : public testing::Test {
 protected:
  MemoryLedgerTest() { Open(); }
  void Open() { ledger_ = OpenMemoryLedger(file_, sim_, sim_, *random_); }
  Status Do(Ledger::Body body) {
    Status answer = absl::CancelledError("never answered");
    ledger_->Submit(std::move(body), [&](Status status) { answer = std::move(status); });
    sim_.RunReady();
    return answer;
  }
  void Crash() {
    sim_.DropAll();
    ledger_.reset();
    Open();
  }
  bool Has(int number) { return ledger_->View()->instances.Find(SampleId(number)) != nullptr; }

  SimExecutor sim_;
  std::unique_ptr<Random> random_ = MakeSeededRandom(1);
  MemoryLedgerFile file_;
  std::unique_ptr<Ledger> ledger_;
};

TEST_F(MemoryLedgerTest, ARefusedCommitKeepsNothingAndTheNextOneIsWell) {
  file_.FailNextCommit(CommitFault::kUnavailable);
  const Status refused = Do(Admit(1));
  EXPECT_EQ(refused.code(), StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(refused), reasons::kLedgerUnavailable);
  EXPECT_FALSE(Has(1));
  EXPECT_TRUE(Do(Admit(1)).ok());
}

TEST_F(MemoryLedgerTest, DyingBeforeTheCommitKeepsNothingAndAnswersNobody) {
  int died = 0;
  file_.died = [&] { ++died; };
  file_.FailNextCommit(CommitFault::kDieBefore);
  EXPECT_EQ(Do(Admit(1)).code(), StatusCode::kCancelled);
  EXPECT_EQ(died, 1);
  EXPECT_EQ(Do(Admit(2)).code(), StatusCode::kCancelled) << "the dead do not answer";
  Crash();
  EXPECT_FALSE(Has(1));
  EXPECT_TRUE(Do(Admit(1)).ok());
}

TEST_F(MemoryLedgerTest, DyingAfterTheCommitKeepsItAllAndAnswersNobody) {
  file_.FailNextCommit(CommitFault::kDieAfter);
  EXPECT_EQ(Do(Admit(1)).code(), StatusCode::kCancelled);
  EXPECT_FALSE(Has(1)) << "not even published";
  Crash();
  EXPECT_TRUE(Has(1));
  EXPECT_EQ(file_.request_count(), 1U);
  EXPECT_EQ(ledger_->View()->identity.agent_epoch, 2);
}

TEST_F(MemoryLedgerTest, ShowsACheckerWhatIsCommitted) {
  ASSERT_TRUE(Do(Admit(1)).ok());
  EXPECT_EQ(file_.view().instances.size(), 1U);
  EXPECT_EQ(file_.commit_count(), 1);
  ASSERT_EQ(file_.changes().size(), 4U);
  EXPECT_EQ(file_.changes().back().revision, file_.view().revision);
}

}  // namespace
}  // namespace berth
