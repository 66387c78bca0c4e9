// SPDX-License-Identifier: Apache-2.0
// What every Ledger promises (agent/ledger/ledger.h), held against each of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/ledger/ledger_samples.h"
#include "agent/ledger/retention.h"
#include "core/base/reasons.h"
#include "tests/contract/ledger_world.h"

namespace berth {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using WorldMaker = std::unique_ptr<LedgerWorld> (*)();

class LedgerContract : public testing::TestWithParam<WorldMaker> {
 protected:
  LedgerContract() { world_.Open(); }
  Status Do(Ledger::Body body) { return world_.Do(std::move(body)); }
  std::shared_ptr<const model::NodeView> View() { return world_.ledger().View(); }
  bool Has(int number) { return View()->instances.Find(SampleId(number)) != nullptr; }
  // What the ledger finds for the request that admitted sample `number`.
  std::optional<StoredRequest> FindRequest(int number) {
    std::optional<StoredRequest> found;
    const Status status = Do([&](LedgerTxn& txn) -> Status {
      BERTH_ASSIGN_OR_RETURN(found, txn.FindRequest(SampleRequest(SampleId(number), {}).key));
      return OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return found;
  }
  void Reopen() {
    world_.Close();
    world_.Open();
  }

  std::unique_ptr<LedgerWorld> world_owner_ = GetParam()();
  LedgerWorld& world_ = *world_owner_;
};

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

TEST_P(LedgerContract, ARequestIsFoundWithItsAnswerUnderItsOwnKeyOnly) {
  ASSERT_TRUE(Do(Admit(1)).ok());
  const StoredRequest saved = FindRequest(1).value();
  EXPECT_EQ(saved, SampleRequest(SampleId(1), saved.created)) << "message and reply to the byte";
  const Status status = Do([&](LedgerTxn& txn) -> Status {
    for (const RequestKey& other : {RequestKey{"uid:1", "CreateInstance", saved.key.request_id},
                                    RequestKey{"uid:0", "StopInstance", saved.key.request_id},
                                    RequestKey{"uid:0", "CreateInstance", "another"}}) {
      BERTH_ASSIGN_OR_RETURN(const auto found, txn.FindRequest(other));
      if (found) return absl::InternalError("found under " + other.principal + other.method);
    }
    return OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
}

TEST_P(LedgerContract, ARepeatInTheSameCommitFindsTheFirstAnswer) {
  std::optional<StoredRequest> found;
  world_.ledger().Submit(Admit(1), [](const Status&) {});
  world_.ledger().Submit(
      [&](LedgerTxn& txn) -> Status {
        BERTH_ASSIGN_OR_RETURN(found, txn.FindRequest(SampleRequest(SampleId(1), {}).key));
        return OkStatus();
      },
      [](const Status&) {});
  world_.sim().RunReady();
  EXPECT_TRUE(found.has_value());
}

TEST_P(LedgerContract, RequestsOutliveTheirInstanceByADay) {
  ASSERT_TRUE(Do(Admit(1)).ok());
  world_.sim().RunFor(std::chrono::hours(24 * 30));
  EXPECT_NE(FindRequest(1), std::nullopt) << "its instance is still there";
  ASSERT_TRUE(Do(Forget(1)).ok());
  world_.sim().RunFor(kRequestsKept - std::chrono::minutes(1));
  Reopen();
  EXPECT_NE(FindRequest(1), std::nullopt);
  world_.sim().RunFor(std::chrono::minutes(2));
  EXPECT_EQ(FindRequest(1), std::nullopt);
  ASSERT_TRUE(Do(Admit(2)).ok());  // Trims what has run out.
  EXPECT_EQ(FindRequest(1), std::nullopt);
  EXPECT_NE(FindRequest(2), std::nullopt);
}

TEST_P(LedgerContract, ChangesOfInstancesAreKeptAsTheyWereAndToldToTheListener) {
  std::vector<std::string> told;
  world_.ledger().SetListener([&](const auto&, const auto& changes) {
    for (const InstanceChange& change : changes)
      told.push_back(change.id + (change.created  ? " created"
                                  : change.record ? " changed"
                                                  : " erased"));
  });
  ASSERT_TRUE(Do(Admit(1)).ok());
  ASSERT_TRUE(Do([](LedgerTxn& txn) {
                auto record = *txn.view().instances.Find(SampleId(1));
                record.spec.name = "another";
                txn.PutInstance(std::move(record));
                return OkStatus();
              }).ok());
  ASSERT_TRUE(Do(Forget(1)).ok());
  EXPECT_THAT(told, ElementsAre(SampleId(1) + " created", SampleId(1) + " changed",
                                SampleId(1) + " erased"));
  world_.Close();
  world_.Open();
  KeptChanges kept;
  const auto read = [&](ChangeQuery query) {
    return Do([&](LedgerTxn& txn) -> Status {
      BERTH_ASSIGN_OR_RETURN(kept, txn.FindChanges(query));
      return OkStatus();
    });
  };
  ASSERT_TRUE(read({0, View()->revision, 10}).ok());
  ASSERT_EQ(kept.changes.size(), 3U);
  EXPECT_TRUE(kept.changes[0].created);
  EXPECT_EQ(kept.changes[1].record->spec.name, "another");
  EXPECT_EQ(kept.changes[1].record->revision, kept.changes[1].revision);
  EXPECT_EQ(kept.changes[2].record, nullptr);
  EXPECT_GT(kept.oldest, 0);
  ASSERT_TRUE(read({kept.changes[0].revision, kept.changes[1].revision, 10}).ok());
  EXPECT_EQ(kept.changes.size(), 1U);
  ASSERT_TRUE(read({0, View()->revision, 2}).ok());
  EXPECT_EQ(kept.changes.size(), 2U);
}

TEST_P(LedgerContract, EventsAreWrittenWithTheirChangeAndGoWithTheirInstance) {
  ASSERT_TRUE(Do(Admit(1)).ok());
  ASSERT_TRUE(Do([](LedgerTxn& txn) {
                model::Event event;
                event.type = "ForeignGuestAppeared";
                event.subject = "node";
                txn.AddEvent(event);
                return OkStatus();
              }).ok());
  std::vector<model::Event> events;
  const auto read = [&](EventQuery query) {
    query.through_revision = View()->revision;
    query.after_revision = -1;
    ASSERT_TRUE(Do([&](LedgerTxn& txn) -> Status {
                  BERTH_ASSIGN_OR_RETURN(events, txn.FindEvents(query));
                  return OkStatus();
                }).ok());
  };
  read({.limit = 10});
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[2].type, "ForeignGuestAppeared");
  EXPECT_EQ(events[2].revision, View()->revision);
  read({.subject = SampleId(1), .limit = 10});
  EXPECT_EQ(events.size(), 2U);
  read({.after_number = events[0].number, .limit = 1});
  ASSERT_EQ(events.size(), 1U);
  world_.sim().RunFor(std::chrono::hours(2));
  ASSERT_TRUE(Do(Admit(2)).ok());
  read({.subject = SampleId(1), .limit = 10});
  EXPECT_EQ(events.size(), 2U) << "as long as its record";
  read({.subject = "node", .limit = 10});
  EXPECT_THAT(events, IsEmpty()) << "an hour";
  ASSERT_TRUE(Do(Forget(1)).ok());
  read({.subject = SampleId(1), .limit = 10});
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].type, "InstanceRemoved");
}

TEST_P(LedgerContract, AnErasedIdIsRememberedForEver) {
  const auto was_erased = [&](int number) {
    bool erased = false;
    const Status status = Do([&](LedgerTxn& txn) -> Status {
      BERTH_ASSIGN_OR_RETURN(erased, txn.WasErased(SampleId(number)));
      return OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return erased;
  };
  ASSERT_TRUE(Do(Admit(1)).ok());
  EXPECT_FALSE(was_erased(1));
  ASSERT_TRUE(Do(Forget(1)).ok());
  world_.sim().RunFor(std::chrono::hours(24 * 400));
  Reopen();
  EXPECT_TRUE(was_erased(1));
  EXPECT_FALSE(was_erased(2));
}

TEST_P(LedgerContract, EverythingCommittedIsThereWhenItIsOpenedAgain) {
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(Do(Admit(i)).ok());
  ASSERT_TRUE(Do(Forget(3)).ok());
  ASSERT_TRUE(Do([](LedgerTxn& txn) {
                txn.RaiseControlEpoch(77);
                txn.SetCordoned(true);
                model::InstanceRecord record = *txn.view().instances.Find(SampleId(4));
                record.state = model::InstanceState::kRunning;
                record.spec.first_boot.user_data = std::string("\x1f\x8b\0zip", 6);
                txn.PutInstance(std::move(record));
                return OkStatus();
              }).ok());
  const auto before = View();
  Reopen();
  const auto after = View();
  EXPECT_EQ(after->revision, before->revision);
  EXPECT_EQ(after->identity.node_id, before->identity.node_id);
  EXPECT_EQ(after->identity.ledger_id, before->identity.ledger_id);
  EXPECT_EQ(after->identity.agent_epoch, 2);
  EXPECT_EQ(after->control_epoch, 77);
  EXPECT_TRUE(after->cordoned);
  EXPECT_EQ(after->allocated, before->allocated);
  ASSERT_EQ(after->instances.size(), before->instances.size());
  ASSERT_EQ(after->operations.size(), before->operations.size());
  ASSERT_EQ(after->claims.size(), before->claims.size());
  before->instances.ForEach(
      [&](const std::string& id, const auto& v) { EXPECT_EQ(*after->instances.Find(id), *v); });
  before->operations.ForEach(
      [&](const std::string& id, const auto& v) { EXPECT_EQ(*after->operations.Find(id), *v); });
  before->claims.ForEach(
      [&](const std::string& id, const auto& v) { EXPECT_EQ(*after->claims.Find(id), *v); });
}

// A held one with its claims, which then becomes an instance or ends.
Status HoldSample(LedgerTxn& txn) {
  txn.PutClaim({.id = "c-held",
                .owner = model::ClaimOwner::kReservation,
                .owner_id = "r-1",
                .held = {.vcpus = 3},
                .created = txn.now(),
                .expires = txn.now() + std::chrono::seconds(1)});
  txn.PutReservation({.id = "r-1", .run_claim_id = "c-held", .expires = txn.now()});
  return OkStatus();
}

TEST_P(LedgerContract, KeepsImagesAndRemembersTheIdsOfErasedOnes) {
  ASSERT_TRUE(Do([](LedgerTxn& txn) {
                txn.PutImage({.id = "img-1", .source = {.url = "http://a/b"}});
                return OkStatus();
              }).ok());
  const auto image = View()->images.Find("img-1");
  ASSERT_NE(image, nullptr);
  EXPECT_EQ(image->revision, View()->revision);
  Reopen();
  EXPECT_EQ(*View()->images.Find("img-1"), *image);
  ASSERT_TRUE(Do([](LedgerTxn& txn) {
                txn.EraseImage("img-1");
                return OkStatus();
              }).ok());
  Reopen();
  EXPECT_TRUE(View()->images.empty());
  ASSERT_TRUE(Do([](LedgerTxn& txn) -> Status {
                BERTH_ASSIGN_OR_RETURN(const bool was, txn.WasErased("img-1"));
                EXPECT_TRUE(was);
                return OkStatus();
              }).ok());
}

TEST_P(LedgerContract, KeepsReservationsAndRemembersTheIdsOfErasedOnes) {
  ASSERT_TRUE(Do(HoldSample).ok());
  const auto held = View()->reservations.Find("r-1");
  ASSERT_NE(held, nullptr);
  EXPECT_EQ(held->revision, View()->revision);
  Reopen();
  EXPECT_EQ(*View()->reservations.Find("r-1"), *held);
  EXPECT_EQ(View()->allocated.vcpus, 3);
  ASSERT_TRUE(Do([](LedgerTxn& txn) {
                txn.EraseClaim("c-held");
                txn.EraseReservation("r-1");
                return OkStatus();
              }).ok());
  Reopen();
  EXPECT_TRUE(View()->reservations.empty());
  ASSERT_TRUE(Do([](LedgerTxn& txn) -> Status {
                BERTH_ASSIGN_OR_RETURN(const bool was, txn.WasErased("r-1"));
                EXPECT_TRUE(was);
                return OkStatus();
              }).ok());
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
