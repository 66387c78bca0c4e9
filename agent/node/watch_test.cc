// SPDX-License-Identifier: Apache-2.0
// Following instances: everything that exists, then every change once and in order, also over a
// restart; and the log of events.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/node/node_harness.h"
#include "core/base/error.h"
#include "core/base/reasons.h"
#include "core/model/names.h"

namespace berth::node {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

using Kind = WatchMessage::Kind;

class WatchTest : public ::testing::Test {
 protected:
  // A reader that keeps what it was told as words: "created i-…a", "synced".
  struct Reader {
    InstanceWatchPtr watch;
    std::vector<std::string> told;
    std::vector<int64_t> revisions;
    std::string token;
    Status end;
    bool reading = true;
  };
  using ReaderPtr = std::shared_ptr<Reader>;

  static std::string Word(const WatchMessage& message) {
    switch (message.kind) {
      case Kind::kExisting:
        return "existing " + message.id.substr(18);
      case Kind::kCreated:
        return "created " + message.id.substr(18);
      case Kind::kUpdated:
        return "updated " + message.id.substr(18);
      case Kind::kRemoved:
        return "removed " + message.id.substr(18);
      case Kind::kSynced:
        return "synced";
      case Kind::kHeartbeat:
        return "heartbeat";
    }
    return "";
  }
  static void Read(const ReaderPtr& reader) {
    reader->watch->Next([reader](StatusOr<InstanceWatch::Messages> messages) {
      if (!messages.ok()) {
        reader->end = messages.status();
        return;
      }
      for (const WatchMessagePtr& message : *messages) {
        reader->told.push_back(Word(*message));
        reader->revisions.push_back(message->revision);
        if (!message->resume_token.empty()) reader->token = message->resume_token;
      }
      if (reader->reading) Read(reader);
    });
  }
  ReaderPtr Watch(const WatchArgs& args = {}) {
    auto watch = world.node().WatchInstances(args);
    EXPECT_TRUE(watch.ok()) << watch.status();
    const auto reader = std::make_shared<Reader>();
    reader->watch = std::move(*watch);
    Read(reader);
    world.Run();
    return reader;
  }
  void Settle() { world.RunFor(seconds(5)); }
  std::vector<model::Event> Events(const std::string& id = "") {
    const auto page = world.Await<ListEventsResult>(
        [&](auto done) { world.node().ListEvents({.page_size = 1000, .instance_id = id}, done); });
    EXPECT_TRUE(page.ok()) << page.status();
    return page->events;
  }
  static std::vector<std::string> TypesOf(const std::vector<model::Event>& events) {
    std::vector<std::string> types;
    for (const model::Event& event : events) types.push_back(event.type);
    return types;
  }

  World world;
};

TEST_F(WatchTest, TellsWhatExistsThenSyncedThenEachChangeInOrder) {
  ASSERT_TRUE(world.Create(SmallInstance(kIdB)).ok());
  Settle();
  const ReaderPtr reader = Watch();
  EXPECT_THAT(reader->told, ElementsAre("existing b", "synced"));
  reader->told.clear();
  ASSERT_TRUE(world.Create(SmallInstance(kIdA)).ok());
  Settle();
  ASSERT_FALSE(reader->told.empty());
  EXPECT_EQ(reader->told.front(), "created a");
  EXPECT_EQ(reader->told.back(), "updated a");
  EXPECT_TRUE(std::is_sorted(reader->revisions.begin(), reader->revisions.end()));
  EXPECT_EQ(reader->revisions.back(), world.ledger().instances.Find(kIdA)->revision);
}

TEST_F(WatchTest, GoesOnAfterTheTokenAlsoWhereTheAgentWasKilled) {
  const ReaderPtr first = Watch();
  ASSERT_TRUE(world.Create(SmallInstance(kIdA)).ok());
  Settle();
  const ReaderPtr whole = Watch();  // What one sees who never left.
  first->reading = false;
  ASSERT_TRUE(world.Stop(kIdA, {.force = true}).ok());
  Settle();
  ASSERT_TRUE(world.Create(SmallInstance(kIdB)).ok());
  Settle();
  const std::string before = first->token;
  const size_t told = first->told.size();
  world.Restart();
  const ReaderPtr resumed = Watch({.resume_token = before});
  std::vector<std::string> both(first->told.begin() + static_cast<std::ptrdiff_t>(told),
                                first->told.end());
  EXPECT_THAT(both, IsEmpty());
  EXPECT_THAT(resumed->told, Contains("created b"));
  EXPECT_THAT(resumed->told, testing::Not(Contains("synced")));
  // It and the first together were told of every change, once.
  std::vector<int64_t> seen = first->revisions;
  seen.insert(seen.end(), resumed->revisions.begin(), resumed->revisions.end());
  EXPECT_EQ(std::adjacent_find(seen.begin() + 1, seen.end(), std::greater_equal<>()), seen.end());
  EXPECT_EQ(seen.back(), whole->revisions.back());
}

TEST_F(WatchTest, ATokenOfAnotherLedgerOrOfLongAgoIsStale) {
  EXPECT_EQ(ReasonOf(world.node().WatchInstances({.resume_token = "nonsense"}).status()),
            reasons::kInvalidField);
  ASSERT_TRUE(world.Create(SmallInstance(kIdA)).ok());
  Settle();
  const ReaderPtr reader = Watch();
  reader->reading = false;
  World other;
  EXPECT_EQ(ReasonOf(other.node().WatchInstances({.resume_token = reader->token}).status()),
            reasons::kStaleResumeToken);
  ASSERT_TRUE(world.Stop(kIdA, {.force = true}).ok());
  world.RunFor(minutes(70));
  ASSERT_TRUE(world.StartIt(kIdA).ok());
  world.RunFor(minutes(2));
  const ReaderPtr late = Watch({.resume_token = reader->token});
  EXPECT_EQ(ReasonOf(late->end), reasons::kStaleResumeToken);
}

TEST_F(WatchTest, AQuietWatchIsToldThatItLivesAndItsTokenStaysYoung) {
  ASSERT_TRUE(world.Create(SmallInstance(kIdA)).ok());
  Settle();
  const ReaderPtr reader = Watch({.instance_ids = {kIdB}});
  ASSERT_TRUE(world.Stop(kIdA, {.force = true}).ok());
  Settle();
  world.RunFor(seconds(30));
  EXPECT_THAT(reader->told, Contains("heartbeat"));
  EXPECT_EQ(reader->revisions.back(), world.ledger().revision);
  const ReaderPtr resumed = Watch({.resume_token = reader->token});
  EXPECT_THAT(resumed->told, IsEmpty()) << "it has seen all";
}

TEST_F(WatchTest, OneWhoDoesNotReadIsCutOffAndNobodyElse) {
  ASSERT_TRUE(world.Create(SmallInstance(kIdA)).ok());
  Settle();
  const ReaderPtr reads = Watch();
  const auto lazy = world.node().WatchInstances({}).value();
  for (size_t i = 0; i <= InstanceWatch::kBehindMax; ++i)
    world.Write([&](LedgerTxn& txn) {
      txn.PutInstance(*txn.view().instances.Find(kIdA));
      return OkStatus();
    });
  Status end;
  lazy->Next([&](const StatusOr<InstanceWatch::Messages>& messages) { end = messages.status(); });
  world.Run();
  EXPECT_EQ(end.code(), StatusCode::kAborted);
  EXPECT_EQ(ReasonOf(end), reasons::kSlowReader);
  EXPECT_GT(reads->told.size(), InstanceWatch::kBehindMax);
  EXPECT_TRUE(reads->end.ok());
}

TEST_F(WatchTest, FiltersByIdAndTenant) {
  CreateInstanceArgs theirs = SmallInstance(kIdB);
  theirs.spec.tenant_id = "them";
  const ReaderPtr ids = Watch({.instance_ids = {kIdA}});
  const ReaderPtr tenant = Watch({.tenant_id = "them"});
  ASSERT_TRUE(world.Create(SmallInstance(kIdA)).ok());
  ASSERT_TRUE(world.Create(theirs).ok());
  Settle();
  EXPECT_THAT(ids->told, testing::Not(Contains("created b")));
  EXPECT_THAT(ids->told, Contains("created a"));
  EXPECT_THAT(tenant->told, testing::Not(Contains("created a")));
  EXPECT_THAT(tenant->told, Contains("created b"));
}

TEST_F(WatchTest, ARecordThatGoesIsToldOf) {
  ASSERT_TRUE(world.Create(SmallInstance(kIdA)).ok());
  Settle();
  ASSERT_TRUE(world.Terminate(kIdA).ok());
  Settle();
  const ReaderPtr reader = Watch();
  world.RunFor(minutes(70));
  EXPECT_THAT(reader->told, Contains("removed a"));
}

TEST_F(WatchTest, AGuestDestroyedBehindOurBackIsToldInUnderASecond) {
  ASSERT_TRUE(world.Create(SmallInstance(kIdA)).ok());
  Settle();
  const ReaderPtr reader = Watch();
  reader->told.clear();
  world.host.PowerOff(kIdA, OffReason::kDestroyed);
  world.RunFor(Duration(900));
  EXPECT_THAT(reader->told, ElementsAre("updated a"));
  const auto events = Events(kIdA);
  EXPECT_EQ(events.back().type, "GuestLost");
  EXPECT_EQ(events.back().attributes.at("reason"), "Server.GuestDestroyed");
}

TEST_F(WatchTest, ADiskRemovedBehindOurBackIsToldInUnderASecond) {
  ASSERT_TRUE(world.Create(SmallInstance(kIdA)).ok());
  Settle();
  const ReaderPtr reader = Watch();
  reader->told.clear();
  world.storage.RemoveRootDisk(kIdA);
  world.RunFor(Duration(900));
  EXPECT_THAT(reader->told, ElementsAre("updated a"));
  EXPECT_EQ(world.StateOf(kIdA), "RUNNING");
  EXPECT_EQ(world.ledger().instances.Find(kIdA)->state_reason.code, "Server.DiskMissing");
  EXPECT_EQ(Events(kIdA).back().type, "DiskMissing");

  world.storage.RestoreRootDisk(kIdA);
  world.RunFor(std::chrono::minutes(2));
  EXPECT_EQ(world.ledger().instances.Find(kIdA)->state_reason.code, "");
  EXPECT_EQ(Events(kIdA).back().type, "DiskFound");
}

TEST_F(WatchTest, EventsSayWhoAskedForWhatAndWhatBecameOfIt) {
  ASSERT_TRUE(world.Create(SmallInstance(kIdA), Call("make")).ok());
  Settle();
  ASSERT_TRUE(world.Stop(kIdA, {.force = true}, Call("halt")).ok());
  Settle();
  const auto events = Events(kIdA);
  EXPECT_THAT(TypesOf(events),
              ElementsAre("OperationStarted", "InstanceCreated", "OperationSucceeded",
                          "InstanceStateChanged", "OperationStarted", "InstanceStateChanged",
                          "OperationSucceeded", "InstanceStateChanged"));
  EXPECT_EQ(events[1].principal, "uid:0");
  EXPECT_EQ(events[1].request_id, "make");
  EXPECT_EQ(events[4].request_id, "halt");
  EXPECT_EQ(events[4].attributes.at("kind"), "stop");
  EXPECT_EQ(events[7].attributes.at("from"), "STOPPING");
  EXPECT_EQ(events[7].attributes.at("to"), "STOPPED");
  EXPECT_EQ(events[7].attributes.at("reason"), "Client.UserInitiatedShutdown");
  for (size_t i = 1; i < events.size(); ++i) EXPECT_GT(events[i].number, events[i - 1].number);
}

TEST_F(WatchTest, AnInstancesOwnLogStaysAsLongAsItsRecordAndIsBounded) {
  ASSERT_TRUE(world.Create(SmallInstance(kIdA)).ok());
  Settle();
  world.RunFor(minutes(200));
  EXPECT_THAT(TypesOf(Events(kIdA)), Contains("InstanceCreated"));
  ASSERT_TRUE(world.Terminate(kIdA).ok());
  world.RunFor(minutes(61));
  EXPECT_THAT(TypesOf(Events(kIdA)), ElementsAre("InstanceRemoved"));
}

TEST_F(WatchTest, PagesOfEventsShowWhatWasThereAtTheFirst) {
  ASSERT_TRUE(world.Create(SmallInstance(kIdA)).ok());
  Settle();
  std::vector<std::string> types;
  ListEventsArgs args{.page_size = 2};
  do {
    const auto page =
        world.Await<ListEventsResult>([&](auto done) { world.node().ListEvents(args, done); });
    ASSERT_TRUE(page.ok()) << page.status();
    for (const auto& event : page->events) types.push_back(event.type);
    args.page_token = page->next_page_token;
    ASSERT_TRUE(world.Terminate(kIdA).ok());
  } while (!args.page_token.empty());
  EXPECT_THAT(types, ElementsAre("OperationStarted", "InstanceCreated", "OperationSucceeded",
                                 "InstanceStateChanged"));
  args.page_token = "nonsense";
  const auto refused =
      world.Await<ListEventsResult>([&](auto done) { world.node().ListEvents(args, done); });
  EXPECT_EQ(DetailsOf(refused.status()).violations.at(0).field, "page_token");
}

}  // namespace
}  // namespace berth::node
