// SPDX-License-Identifier: Apache-2.0
// What a ledger keeps, and for how long: answers to requests, changes, events, ids that were used,
// and every record over its own end. Of the same suite as ledger_contract_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/ledger/retention.h"
#include "tests/contract/ledger_contract.h"

namespace berth {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

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

}  // namespace
}  // namespace berth
