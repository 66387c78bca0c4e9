// SPDX-License-Identifier: Apache-2.0
// Get, list, wait, console and node: answered from one view, and what is over is let go.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/node/listing.h"
#include "agent/node/node_harness.h"
#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth::node {
namespace {

using model::InstanceState;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

std::string IdOf(int number) { return fmt::format("i-{:017x}", number); }

class ReadsTest : public ::testing::Test {
 protected:
  void Put(int first, int last, InstanceState state = InstanceState::kStopped,
           const std::string& tenant = "") {
    world.Write([=](LedgerTxn& txn) {
      for (int i = first; i <= last; ++i) {
        model::InstanceRecord record;
        record.id = IdOf(i);
        record.state = state;
        record.intent = model::Intent::kStopped;
        record.spec.tenant_id = tenant;
        txn.PutInstance(record);
      }
      return OkStatus();
    });
  }
  ListInstancesResult List(const ListInstancesArgs& args) {
    const auto page = world.node().ListInstances(args);
    EXPECT_TRUE(page.ok()) << page.status();
    return page.ok() ? *page : ListInstancesResult{};
  }
  Status Refusal(const ListInstancesArgs& args) {
    return world.node().ListInstances(args).status();
  }

  World world;
};

TEST_F(ReadsTest, PagesFollowEachOtherInOrderAndHoldEachInstanceOnce) {
  Put(1, 25);
  ListInstancesArgs args{.page_size = 10};
  std::vector<std::string> ids;
  for (int pages = 0; pages < 3; ++pages) {
    const auto page = List(args);
    for (const auto& record : page.instances) ids.push_back(record->id);
    args.page_token = page.next_page_token;
    EXPECT_EQ(args.page_token.empty(), pages == 2);
  }
  ASSERT_EQ(ids.size(), 25u);
  for (int i = 0; i < 25; ++i) EXPECT_EQ(ids[static_cast<size_t>(i)], IdOf(i + 1));
}

TEST_F(ReadsTest, APageThatEndsWithTheLastInstanceIsTheLast) {
  Put(1, 10);
  EXPECT_EQ(List({.page_size = 10}).next_page_token, "");
  EXPECT_EQ(List({}).instances.size(), 10u) << "0 means 100";
  EXPECT_EQ(List({.page_size = 100000}).instances.size(), 10u) << "too many is cut";
}

TEST_F(ReadsTest, AllPagesShowTheRevisionOfTheFirstWhateverChanges) {
  Put(1, 20, InstanceState::kStopped);
  const auto first = List({.page_size = 10});
  Put(0, 0);
  Put(15, 30, InstanceState::kTerminated);
  world.Write([](LedgerTxn& txn) {
    txn.EraseInstance(IdOf(12));
    return OkStatus();
  });
  const auto second = List({.page_size = 100, .page_token = first.next_page_token});
  EXPECT_EQ(second.revision, first.revision);
  ASSERT_EQ(second.instances.size(), 10u);
  for (size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(second.instances[i]->id, IdOf(static_cast<int>(i) + 11));
    EXPECT_EQ(second.instances[i]->state, InstanceState::kStopped);
  }
  EXPECT_EQ(List({}).instances.size(), 30u) << "a new listing shows what is";
}

TEST_F(ReadsTest, FiltersAreKeptFromPageToPage) {
  Put(1, 10, InstanceState::kStopped, "a");
  Put(11, 20, InstanceState::kTerminated, "a");
  Put(21, 30, InstanceState::kStopped, "b");
  const ListInstancesArgs args{
      .page_size = 6, .states = {InstanceState::kStopped}, .tenant_id = "a"};
  auto page = List(args);
  EXPECT_EQ(page.instances.size(), 6u);
  ListInstancesArgs next = args;
  next.page_token = page.next_page_token;
  EXPECT_EQ(List(next).instances.size(), 4u);

  next.tenant_id = "b";
  EXPECT_EQ(Refusal(next).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(DetailsOf(Refusal(next)).violations.at(0).field, "page_token");
  EXPECT_EQ(
      List({.states = {InstanceState::kTerminated, InstanceState::kStopped}}).instances.size(),
      30u);
}

TEST_F(ReadsTest, BadPagesAreRefusedByTheirField) {
  EXPECT_EQ(DetailsOf(Refusal({.page_size = -1})).violations.at(0).field, "page_size");
  EXPECT_EQ(DetailsOf(Refusal({.page_token = "x"})).violations.at(0).field, "page_token");
}

TEST_F(ReadsTest, AListingIsHeldForFiveMinutesAfterItsLastPage) {
  Put(1, 30);
  const auto first = List({.page_size = 10});
  world.RunFor(minutes(4));
  const auto second = List({.page_size = 10, .page_token = first.next_page_token});
  world.RunFor(minutes(4));
  EXPECT_EQ(List({.page_size = 10, .page_token = second.next_page_token}).instances.size(), 10u);
  world.RunFor(minutes(6));
  const Status stale = Refusal({.page_token = first.next_page_token});
  EXPECT_EQ(stale.code(), StatusCode::kOutOfRange);
  EXPECT_EQ(ReasonOf(stale), reasons::kStalePageToken);
}

TEST_F(ReadsTest, OfManyListingsTheOldestIsLetGo) {
  std::vector<std::string> tokens;
  for (int i = 0; i <= static_cast<int>(Listings::kHeldMax); ++i) {
    Put(i * 2, i * 2 + 1);
    tokens.push_back(List({.page_size = 1}).next_page_token);
    world.RunFor(seconds(1));
  }
  EXPECT_EQ(ReasonOf(Refusal({.page_token = tokens[0]})), reasons::kStalePageToken);
  EXPECT_EQ(List({.page_size = 1, .page_token = tokens[1]}).instances.size(), 1u);
}

TEST_F(ReadsTest, APageTokenDoesNotOutliveTheAgent) {
  Put(1, 30);
  const auto first = List({.page_size = 10});
  world.Restart();
  EXPECT_EQ(ReasonOf(Refusal({.page_token = first.next_page_token})), reasons::kStalePageToken);
}

TEST_F(ReadsTest, GettingNobodyIsRefused) {
  EXPECT_EQ(ReasonOf(world.node().GetInstance(kIdA).status()), reasons::kInstanceNotFound);
  EXPECT_EQ(world.node().GetInstance("x").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(world.node().GetOperation("op-1").status()), reasons::kOperationNotFound);
}

TEST_F(ReadsTest, WithTheHypervisorAwayReadsAnswerTheLastStateAsUnreachable) {
  ASSERT_TRUE(world.Create(SmallInstance(kIdA)).ok());
  world.RunFor(seconds(5));
  EXPECT_TRUE((*world.node().GetInstance(kIdA))->reachable);
  const int64_t revision = world.ledger().revision;
  world.agent->hypervisor.SetDaemonUp(false);
  world.RunFor(minutes(3));
  EXPECT_FALSE((*world.node().GetInstance(kIdA))->reachable);
  EXPECT_EQ((*world.node().GetInstance(kIdA))->state, InstanceState::kRunning);
  EXPECT_FALSE(List({}).instances.at(0)->reachable);
  EXPECT_FALSE(world.node().GetNode().hypervisor.connected);
  EXPECT_EQ(world.ledger().revision, revision) << "no record is rewritten";
}

TEST_F(ReadsTest, WaitingForAnOperationEndsWithIt) {
  ASSERT_TRUE(world.Create(SmallInstance(kIdA)).ok());
  world.RunFor(seconds(5));
  world.host.SetPowerButton(kIdA, PowerButton::kIgnored);
  const auto stop = world.Stop(kIdA, {.grace = seconds(30)});
  ASSERT_TRUE(stop.ok()) << stop.status();
  std::shared_ptr<const model::Operation> seen;
  world.node().WaitOperation(stop->operation_id, minutes(5), [&](auto answer) {
    ASSERT_TRUE(answer.ok()) << answer.status();
    seen = *answer;
  });
  world.RunFor(seconds(20));
  EXPECT_EQ(seen, nullptr);
  world.RunFor(seconds(20));
  ASSERT_NE(seen, nullptr);
  EXPECT_EQ(seen->state, model::OperationState::kSucceeded);
}

TEST_F(ReadsTest, AWaitThatRunsOutAnswersWithTheOperationAsItIs) {
  world.storage.SetDelay(StorageCall::kCreateRootDisk, hours(1));
  const auto created = world.Create(SmallInstance(kIdA));
  const auto wait = [&](Duration timeout) {
    return world.Await<std::shared_ptr<const model::Operation>>(
        [&](auto done) { world.node().WaitOperation(created->operation_id, timeout, done); });
  };
  EXPECT_EQ((*wait(Duration(0)))->state, model::OperationState::kRunning);
  int answers = 0;
  world.node().WaitOperation(created->operation_id, hours(5), [&](const auto&) { ++answers; });
  world.RunFor(minutes(9));
  EXPECT_EQ(answers, 0);
  world.RunFor(minutes(2));
  EXPECT_EQ(answers, 1) << "ten minutes at most";
}

TEST_F(ReadsTest, WaitingForWhatIsOverOrUnknownAnswersAtOnce) {
  const auto created = world.Create(SmallInstance(kIdA));
  world.RunFor(seconds(5));
  const auto wait = [&](const std::string& id) {
    return world.Await<std::shared_ptr<const model::Operation>>(
        [&](auto done) { world.node().WaitOperation(id, minutes(5), done); });
  };
  EXPECT_TRUE((*wait(created->operation_id))->final());
  EXPECT_EQ(ReasonOf(wait("op-unknown").status()), reasons::kOperationNotFound);
}

TEST_F(ReadsTest, TheConsoleIsReadAndItsAbsenceIsNamed) {
  const auto read = [&](const std::string& id) {
    return world.Await<std::string>(
        [&](auto done) { world.node().GetConsoleOutput(id, 1024, done); });
  };
  EXPECT_EQ(ReasonOf(read(kIdA).status()), reasons::kInstanceNotFound);
  ASSERT_TRUE(world.Create(SmallInstance(kIdA)).ok());
  world.RunFor(seconds(5));
  EXPECT_EQ(ReasonOf(read(kIdA).status()), reasons::kNoConsoleOutput);
  world.storage.AppendConsole(kIdA, "guest is up\n");
  EXPECT_EQ(*read(kIdA), "guest is up\n");
}

TEST_F(ReadsTest, TheNodeShowsWhatItHasAndWhatIsTaken) {
  ASSERT_TRUE(world.Create(SmallInstance(kIdA)).ok());
  const NodeInfo node = world.node().GetNode();
  EXPECT_EQ(node.identity, world.ledger().identity);
  EXPECT_EQ(node.capacity, world.capacity);
  EXPECT_EQ(node.allocated, world.ledger().allocated);
  EXPECT_EQ(node.revision, world.ledger().revision);
  EXPECT_FALSE(node.cordoned);
  EXPECT_EQ(world.node().types().size(), 1u);
}

TEST_F(ReadsTest, ATerminatedInstanceIsShownForAnHourAndItsOperationsForADay) {
  const auto created = world.Create(SmallInstance(kIdA));
  world.RunFor(seconds(5));
  const auto terminated = world.Terminate(kIdA);
  world.RunFor(minutes(55));
  EXPECT_EQ((*world.node().GetInstance(kIdA))->state, InstanceState::kTerminated);
  world.RunFor(minutes(10));
  EXPECT_EQ(ReasonOf(world.node().GetInstance(kIdA).status()), reasons::kInstanceNotFound);
  EXPECT_TRUE(world.node().GetOperation(terminated->operation_id).ok());
  world.RunFor(hours(24));
  EXPECT_TRUE(world.ledger().operations.empty());
}

}  // namespace
}  // namespace berth::node
