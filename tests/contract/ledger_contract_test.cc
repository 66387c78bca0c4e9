// SPDX-License-Identifier: Apache-2.0
// What every Ledger promises (agent/ledger/ledger.h), held against each of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/reasons.h"
#include "tests/contract/ledger_contract.h"

namespace berth {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_P(LedgerContract, BeginsEmptyWithAnIdentity) {
  EXPECT_EQ(View()->revision, 0);
  EXPECT_TRUE(View()->instances.empty());
  EXPECT_FALSE(View()->identity.node_id.empty());
  EXPECT_FALSE(View()->identity.ledger_id.empty());
  EXPECT_EQ(View()->identity.boot_id, "boot-1");
  EXPECT_EQ(View()->identity.agent_epoch, 1);
}

TEST_P(LedgerContract, PublishesWhatABodyWrote) {
  ASSERT_TRUE(Do(Admit(1)).ok());
  EXPECT_TRUE(Has(1));
  EXPECT_EQ(HalfThere(*View(), 1), "");
  EXPECT_EQ(View()->allocated, (model::Resources{.vcpus = 2, .memory_mib = 80, .disk_mib = 1024}));
}

TEST_P(LedgerContract, ABodyReadsWhatItHasWritten) {
  const Status status = Do([](LedgerTxn& txn) -> Status {
    BERTH_RETURN_IF_ERROR(AdmitSample(txn, 1));
    if (txn.view().instances.Find(SampleId(1)) == nullptr) return absl::InternalError("instance");
    if (txn.view().allocated.vcpus != 2) return absl::InternalError("allocated");
    const StoredRequest saved = SampleRequest(SampleId(1), txn.now());
    BERTH_ASSIGN_OR_RETURN(const auto found, txn.FindRequest(saved.key));
    return found == saved ? OkStatus() : absl::InternalError("request");
  });
  EXPECT_TRUE(status.ok()) << status;
}

TEST_P(LedgerContract, ABodyThatAnswersAnErrorLeavesNoTrace) {
  ASSERT_TRUE(Do(Admit(1)).ok());
  const auto before = View();
  const Status status = Do([](LedgerTxn& txn) -> Status {
    BERTH_RETURN_IF_ERROR(AdmitSample(txn, 2));
    txn.EraseInstance(SampleId(1));
    txn.RaiseControlEpoch(9);
    txn.SetCordoned(true);
    return MakeError(StatusCode::kAborted, "ETAG_MISMATCH", "changed my mind");
  });
  EXPECT_EQ(status.code(), StatusCode::kAborted);
  EXPECT_EQ(ReasonOf(status), "ETAG_MISMATCH");
  EXPECT_EQ(View(), before) << "nothing was to be published";
  EXPECT_EQ(FindRequest(2), std::nullopt);
  Reopen();
  EXPECT_FALSE(Has(2));
  EXPECT_TRUE(Has(1));
  EXPECT_EQ(View()->revision, before->revision);
  EXPECT_EQ(View()->control_epoch, 0);
  EXPECT_FALSE(View()->cordoned);
}

TEST_P(LedgerContract, AFailedNeighbourInTheSameCommitHarmsNobody) {
  std::vector<Status> answers;
  const auto keep = [&](Status status) { answers.push_back(std::move(status)); };
  world_.ledger().Submit(Admit(1), keep);
  world_.ledger().Submit(
      [](LedgerTxn& txn) -> Status {
        BERTH_RETURN_IF_ERROR(AdmitSample(txn, 2));
        return absl::AbortedError("no");
      },
      keep);
  world_.ledger().Submit(Admit(3), keep);
  world_.sim().RunReady();
  ASSERT_EQ(answers.size(), 3U);
  EXPECT_TRUE(answers[0].ok());
  EXPECT_EQ(answers[1].code(), StatusCode::kAborted);
  EXPECT_TRUE(answers[2].ok());
  Reopen();
  EXPECT_TRUE(Has(1));
  EXPECT_FALSE(Has(2));
  EXPECT_TRUE(Has(3));
}

TEST_P(LedgerContract, TwoThatWantTheLastRoomDoNotBothGetIt) {
  std::vector<StatusCode> answers;
  for (int i = 1; i <= 4; ++i)
    world_.ledger().Submit(AdmitWithin(i, /*limit=*/4),
                           [&](const Status& status) { answers.push_back(status.code()); });
  world_.sim().RunReady();
  EXPECT_THAT(answers, ElementsAre(StatusCode::kOk, StatusCode::kOk, StatusCode::kResourceExhausted,
                                   StatusCode::kResourceExhausted));
  EXPECT_EQ(View()->allocated.vcpus, 4);
}

TEST_P(LedgerContract, BodiesRunInTheOrderSubmitted) {
  std::vector<int> order;
  for (int i = 0; i < 50; ++i)
    world_.ledger().Submit(
        [&order, i](LedgerTxn&) {
          order.push_back(i);
          return OkStatus();
        },
        [](const Status&) {});
  world_.sim().RunReady();
  ASSERT_EQ(order.size(), 50U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST_P(LedgerContract, AViewNeverChangesAfterItWasTaken) {
  ASSERT_TRUE(Do(Admit(1)).ok());
  const auto before = View();
  const auto record = before->instances.Find(SampleId(1));
  ASSERT_TRUE(Do(Admit(2)).ok());
  ASSERT_TRUE(Do(Forget(1)).ok());
  EXPECT_EQ(before->instances.size(), 1U);
  EXPECT_EQ(before->instances.Find(SampleId(1)), record);
  EXPECT_EQ(before->allocated.vcpus, 2);
  EXPECT_FALSE(Has(1));
}

TEST_P(LedgerContract, ViewsShareWhatDidNotChange) {
  ASSERT_TRUE(Do(Admit(1)).ok());
  const auto before = View();
  ASSERT_TRUE(Do(Admit(2)).ok());
  EXPECT_EQ(before->instances.Find(SampleId(1)), View()->instances.Find(SampleId(1)));
}

TEST_P(LedgerContract, TellsTheListenerThenTheCallerBothAfterPublication) {
  std::vector<std::string> order;
  world_.ledger().SetListener([&](const auto& view, const auto&) {
    const bool published = view == View() && Has(1);
    order.emplace_back(published ? "listener" : "listener too early");
  });
  world_.ledger().Submit(Admit(1), [&](const Status& status) {
    order.emplace_back(status.ok() && Has(1) ? "caller" : "caller too early");
  });
  EXPECT_THAT(order, IsEmpty()) << "inside Submit";
  world_.sim().RunReady();
  EXPECT_THAT(order, ElementsAre("listener", "caller"));
}

TEST_P(LedgerContract, TheListenerSeesEveryRevisionInOrder) {
  std::vector<int64_t> revisions;
  world_.ledger().SetListener(
      [&](const auto& view, const auto&) { revisions.push_back(view->revision); });
  for (int i = 1; i <= 5; ++i) ASSERT_TRUE(Do(Admit(i)).ok());
  EXPECT_THAT(revisions, ElementsAre(4, 8, 12, 16, 20));
}

TEST_P(LedgerContract, WaitingCallersShareOneCommit) {
  int answered = 0;
  for (int i = 0; i < 64; ++i)
    world_.ledger().Submit(Admit(i),
                           [&](const Status& status) { answered += status.ok() ? 1 : 0; });
  world_.sim().RunReady();
  EXPECT_EQ(answered, 64);
  EXPECT_THAT(world_.commits(), ElementsAre(64));
  EXPECT_EQ(View()->instances.size(), 64U);
}

TEST_P(LedgerContract, ABodyThatWritesNothingCostsNoCommit) {
  ASSERT_TRUE(Do(Admit(1)).ok());
  const auto before = View();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(Do([](LedgerTxn&) { return OkStatus(); }).ok());
  EXPECT_NE(FindRequest(1), std::nullopt);
  EXPECT_THAT(world_.commits(), ElementsAre(1));
  EXPECT_EQ(View(), before);
}

TEST_P(LedgerContract, TheRevisionCountsChanges) {
  ASSERT_TRUE(Do([](LedgerTxn& txn) {
                txn.RaiseControlEpoch(5);
                txn.RaiseControlEpoch(5);  // As high already.
                txn.RaiseControlEpoch(3);  // Lower.
                txn.SetCordoned(true);
                txn.SetCordoned(true);     // So already.
                txn.EraseClaim("c-none");  // Not there.
                txn.EraseClaim("");
                return OkStatus();
              }).ok());
  EXPECT_EQ(View()->revision, 2);
  EXPECT_EQ(View()->control_epoch, 5);
  EXPECT_TRUE(View()->cordoned);
}

TEST_P(LedgerContract, ACrashKeepsWhatWasAnsweredAndDropsWhatWasNotBegun) {
  ASSERT_TRUE(Do(Admit(1)).ok());
  bool answered = false;
  world_.ledger().Submit(Admit(2), [&](const Status&) { answered = true; });
  world_.Crash();
  world_.Open();
  EXPECT_FALSE(answered);
  EXPECT_TRUE(Has(1));
  EXPECT_FALSE(Has(2));
  EXPECT_NE(FindRequest(1), std::nullopt);
  ASSERT_TRUE(Do(Admit(2)).ok()) << "the ledger goes on";
}

TEST_P(LedgerContract, TooManyWaitingCallersAreRefusedAtOnceWithATimeToComeBack) {
  world_.Close();
  world_.Open({.queue_max = 3, .retry_after = Duration(250)});
  std::vector<Status> answers;
  for (int i = 0; i < 5; ++i)
    world_.ledger().Submit(Admit(i), [&](Status status) { answers.push_back(std::move(status)); });
  EXPECT_THAT(answers, IsEmpty()) << "never inside Submit";
  world_.sim().RunReady();
  ASSERT_EQ(answers.size(), 5U);
  int refused = 0;
  for (const Status& status : answers) {
    if (status.ok()) continue;
    ++refused;
    EXPECT_EQ(status.code(), StatusCode::kUnavailable);
    EXPECT_EQ(ReasonOf(status), reasons::kOverloaded);
    EXPECT_EQ(DetailsOf(status).retry_after, Duration(250));
  }
  EXPECT_EQ(refused, 2);
  EXPECT_EQ(View()->instances.size(), 3U);
  EXPECT_TRUE(Do(Admit(9)).ok()) << "there is room again";
}

TEST_P(LedgerContract, ALongQueueIsCommittedInTurns) {
  world_.Close();
  world_.Open({.batch_max = 10});
  for (int i = 0; i < 25; ++i) world_.ledger().Submit(Admit(i), [](const Status&) {});
  world_.sim().RunReady();
  EXPECT_THAT(world_.commits(), ElementsAre(10, 10, 5));
}

TEST_P(LedgerContract, AFullDiskRefusesAndLosesNothing) {
  ASSERT_TRUE(Do(Admit(1)).ok());
  const auto before = View();
  world_.SetFull(true);
  const Status status = Do(Admit(2));
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted) << status;
  EXPECT_EQ(ReasonOf(status), reasons::kStorageFull);
  EXPECT_EQ(View(), before);
  EXPECT_NE(FindRequest(1), std::nullopt) << "reads go on";
  world_.SetFull(false);
  EXPECT_EQ(FindRequest(2), std::nullopt);
  ASSERT_TRUE(Do(Admit(2)).ok()) << "and so does the rest when there is room";
  world_.Crash();
  world_.Open();
  EXPECT_TRUE(Has(1));
  EXPECT_TRUE(Has(2));
}

TEST_P(LedgerContract, WhoSawWhatWasNotKeptIsToldSo) {
  world_.SetFull(true);
  std::vector<Status> answers;
  const auto keep = [&](Status status) { answers.push_back(std::move(status)); };
  const Ledger::Body read_only = [](LedgerTxn&) { return OkStatus(); };
  world_.ledger().Submit(read_only, keep);
  world_.ledger().Submit(AdmitWithin(1, /*limit=*/2), keep);
  world_.ledger().Submit(AdmitWithin(2, /*limit=*/2), keep);  // No room, but only if 1 was kept.
  world_.ledger().Submit(read_only, keep);
  world_.sim().RunReady();
  world_.SetFull(false);
  ASSERT_EQ(answers.size(), 4U);
  EXPECT_TRUE(answers[0].ok()) << "it saw what is so";
  for (int i = 1; i < 4; ++i)
    EXPECT_EQ(ReasonOf(answers[static_cast<size_t>(i)]), reasons::kStorageFull) << i;
}

TEST_P(LedgerContract, ATransactionThatWouldContradictTheLedgerIsRefused) {
  ASSERT_TRUE(Do(Admit(1)).ok());
  const std::vector<Ledger::Body> wrong = {
      [](LedgerTxn& txn) {  // A claim that nobody names.
        txn.PutClaim({.id = "c-lost", .owner_id = SampleId(1), .held = {.vcpus = 1}});
        return OkStatus();
      },
      [](LedgerTxn& txn) {  // A claim of nobody.
        txn.PutClaim({.id = "c-lost", .owner_id = SampleId(8), .held = {.vcpus = 1}});
        return OkStatus();
      },
      [](LedgerTxn& txn) {  // An instance whose claim is gone,
        txn.EraseClaim(txn.view().instances.Find(SampleId(1))->run_claim_id);
        return OkStatus();
      },
      [](LedgerTxn& txn) {  // and claims whose instance is.
        txn.EraseInstance(SampleId(1));
        return OkStatus();
      },
      [](LedgerTxn& txn) {  // A reservation whose claim is an instance's,
        txn.PutReservation(
            {.id = "r-1", .run_claim_id = txn.view().instances.Find(SampleId(1))->run_claim_id});
        return OkStatus();
      },
      [](LedgerTxn& txn) {  // and one that leaves its claim behind.
        BERTH_RETURN_IF_ERROR(HoldSample(txn));
        txn.PutReservation({.id = "r-1", .state = model::ReservationState::kExpired});
        return OkStatus();
      },
      [](LedgerTxn& txn) {  // An impossible amount.
        model::Claim claim =
            *txn.view().claims.Find(txn.view().instances.Find(SampleId(1))->run_claim_id);
        claim.held.vcpus = -1;
        txn.PutClaim(std::move(claim));
        return OkStatus();
      },
  };
  const auto before = View();
  for (size_t i = 0; i < wrong.size(); ++i) {
    const Status status = Do(wrong[i]);
    EXPECT_EQ(status.code(), StatusCode::kInternal) << i << " " << status;
  }
  EXPECT_EQ(View(), before);
  Reopen();
  EXPECT_TRUE(Has(1));
}

INSTANTIATE_TEST_SUITE_P(Every, LedgerContract,
                         testing::Values(MakeMemoryWorld, MakeSqliteWorld, MakeLossySqliteWorld),
                         [](const auto& tested) { return tested.param()->name(); });

}  // namespace
}  // namespace berth
