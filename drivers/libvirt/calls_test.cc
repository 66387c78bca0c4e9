// SPDX-License-Identifier: Apache-2.0
// Calls over libvirt's in-process test driver; what blocks is the test's own.
#include "drivers/libvirt/calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <vector>

#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth::libvirt {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr CallClassOptions kQuick{
    .in_flight = 2, .abandoned_cap = 2, .deadline = milliseconds(100)};
constexpr CallClassOptions kPatient{.in_flight = 2, .abandoned_cap = 2, .deadline = seconds(60)};

// A door that calls wait at.
class Door {
 public:
  void Open() { opened_.set_value(); }
  void Pass() { open_.wait(); }

 private:
  std::promise<void> opened_;
  std::shared_future<void> open_ = opened_.get_future().share();
};

class CallsTest : public testing::Test {
 protected:
  CallsTest() {
    calls_.OnLost([this](LaneId lane) { lost_.set_value(lane); });
  }
  ~CallsTest() override { calls_.Shutdown(seconds(5)); }

  std::shared_ptr<Connection> Connect(LaneId lane) {
    auto connection = Connection::Open("test:///default");
    EXPECT_TRUE(connection.ok()) << connection.status();
    calls_.Connected(lane, *connection);
    return *connection;
  }
  // A call that runs `body`; what becomes of it.
  std::future<Status> Submit(
      CallClass call_class, const std::string& guest, std::function<void()> body = [] {}) {
    const auto outcome = std::make_shared<std::promise<Status>>();
    Call call;
    call.call_class = call_class;
    call.guest = guest;
    call.doing = "trying " + guest;
    call.run = [outcome, body](Connection&) -> Task {
      body();
      return [outcome] { outcome->set_value(OkStatus()); };
    };
    call.fail = [outcome](const Status& status) { outcome->set_value(status); };
    calls_.Submit(std::move(call));
    return outcome->get_future();
  }
  static bool Pending(std::future<Status>& outcome) {
    return outcome.wait_for(milliseconds(50)) == std::future_status::timeout;
  }
  static bool Eventually(const std::function<bool()>& condition) {
    const SteadyTime deadline = SystemClock().Now() + seconds(20);
    while (!condition())
      if (SystemClock().Now() > deadline) return false;
    return true;
  }
  bool BecomesFree() {
    return Eventually([this] { return calls_.abandoned() == 0; });
  }

  std::promise<LaneId> lost_;
  ThreadPool executor_{"calls-test", 2};
  // Of dumps, which have one lane, the deadline is short.
  Calls calls_{Calls::OptionsByClass{kPatient, kPatient, kPatient, kQuick}, executor_};
};

TEST_F(CallsTest, WaitUntilTheFirstWordOfTheirConnection) {
  auto outcome = Submit(CallClass::kQuery, "a");
  EXPECT_TRUE(Pending(outcome));
  Connect(LaneId::kQueries);
  EXPECT_TRUE(outcome.get().ok());
}

TEST_F(CallsTest, AreAnsweredAtOnceWhileThereIsNoConnection) {
  auto waiting = Submit(CallClass::kQuery, "a");
  calls_.Down(LaneId::kQueries,
              MakeError(StatusCode::kUnavailable, reasons::kHypervisorUnavailable, "away"));
  EXPECT_EQ(waiting.get().message(), "trying a: away");
  const Status status = Submit(CallClass::kQuery, "a").get();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(status), reasons::kHypervisorUnavailable);
  Connect(LaneId::kQueries);
  EXPECT_TRUE(Submit(CallClass::kQuery, "a").get().ok());
}

TEST_F(CallsTest, NoMoreThanTheLimitAreInFlight) {
  Connect(LaneId::kQueries);
  Door door;
  auto first = Submit(CallClass::kQuery, "a", [&] { door.Pass(); });
  auto second = Submit(CallClass::kQuery, "b", [&] { door.Pass(); });
  auto third = Submit(CallClass::kQuery, "c");
  EXPECT_TRUE(Pending(third));
  door.Open();
  EXPECT_TRUE(first.get().ok());
  EXPECT_TRUE(second.get().ok());
  EXPECT_TRUE(third.get().ok());
}

TEST_F(CallsTest, PastItsDeadlineACallIsAbandonedAndItsConnectionRetired) {
  Connect(LaneId::kDumps);
  Door door;
  auto stuck = Submit(CallClass::kDump, "a", [&] { door.Pass(); });
  const Status status = stuck.get();
  EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded);
  EXPECT_EQ(ReasonOf(status), reasons::kHypervisorTimeout);
  EXPECT_EQ(calls_.abandoned(), 1);
  EXPECT_THAT(calls_.stuck_guests(), testing::ElementsAre("a"));
  EXPECT_EQ(lost_.get_future().get(), LaneId::kDumps);

  EXPECT_EQ(ReasonOf(Submit(CallClass::kDump, "a").get()), reasons::kGuestStuck);
  auto other = Submit(CallClass::kDump, "b");
  EXPECT_TRUE(Pending(other)) << "the retired connection was used";
  Connect(LaneId::kDumps);
  EXPECT_TRUE(other.get().ok());
  Connect(LaneId::kDestroys);
  EXPECT_TRUE(Submit(CallClass::kDestroy, "a").get().ok());

  door.Open();
  EXPECT_TRUE(BecomesFree());
  EXPECT_TRUE(Submit(CallClass::kDump, "a").get().ok());
}

TEST_F(CallsTest, LostThreadsAreReplacedUpToTheCapAndThenTheClassIsUnavailable) {
  calls_.OnLost([](LaneId) {});
  Door door;
  for (const char* guest : {"a", "b"}) {
    Connect(LaneId::kDumps);
    EXPECT_EQ(Submit(CallClass::kDump, guest, [&] { door.Pass(); }).get().code(),
              StatusCode::kDeadlineExceeded);
  }
  Connect(LaneId::kDumps);
  const Status refused = Submit(CallClass::kDump, "c").get();
  EXPECT_EQ(refused.code(), StatusCode::kUnavailable) << refused;
  Connect(LaneId::kDestroys);
  EXPECT_TRUE(Submit(CallClass::kDestroy, "c").get().ok()) << "destroys have a cap of their own";
  door.Open();
  EXPECT_TRUE(BecomesFree());
  EXPECT_TRUE(Submit(CallClass::kDump, "c").get().ok());
}

TEST_F(CallsTest, CallsForOneGuestNeverOverlapAcrossClasses) {
  Connect(LaneId::kQueries);
  Connect(LaneId::kDestroys);
  Door door;
  auto query = Submit(CallClass::kQuery, "a", [&] { door.Pass(); });
  auto destroy = Submit(CallClass::kDestroy, "a");
  EXPECT_TRUE(Pending(destroy));
  door.Open();
  EXPECT_TRUE(query.get().ok());
  EXPECT_TRUE(destroy.get().ok());
}

TEST_F(CallsTest, DestroysShareTwoConnections) {
  Connect(LaneId::kDestroys);
  Connect(LaneId::kMoreDestroys);
  Door door;
  std::atomic<int> inside = 0;
  std::vector<std::future<Status>> destroys;
  for (const char* guest : {"a", "b", "c", "d"})
    destroys.push_back(Submit(CallClass::kDestroy, guest, [&] {
      ++inside;
      door.Pass();
    }));
  auto fifth = Submit(CallClass::kDestroy, "e");
  EXPECT_TRUE(Eventually([&] { return inside == 4; })) << "two of each connection";
  EXPECT_TRUE(Pending(fifth));
  door.Open();
  for (auto& destroy : destroys) EXPECT_TRUE(destroy.get().ok());
  EXPECT_TRUE(fifth.get().ok());
}

TEST_F(CallsTest, DestroysGoOnWhileOneOfTheirConnectionsIsAway) {
  Connect(LaneId::kDestroys);
  calls_.Lost(LaneId::kDestroys, Connect(LaneId::kDestroys));
  Connect(LaneId::kMoreDestroys);
  EXPECT_TRUE(Submit(CallClass::kDestroy, "a").get().ok());
  calls_.Down(LaneId::kDestroys,
              MakeError(StatusCode::kUnavailable, reasons::kHypervisorUnavailable, "away"));
  EXPECT_TRUE(Submit(CallClass::kDestroy, "a").get().ok());
}

TEST_F(CallsTest, LostConnectionIsReplacedAndAnOldOneNotMistakenForIt) {
  const std::weak_ptr<Connection> old = Connect(LaneId::kQueries);
  calls_.Lost(LaneId::kQueries, old);
  EXPECT_EQ(lost_.get_future().get(), LaneId::kQueries);
  auto waiting = Submit(CallClass::kQuery, "a");
  EXPECT_TRUE(Pending(waiting));
  Connect(LaneId::kQueries);
  EXPECT_TRUE(waiting.get().ok());
  calls_.Lost(LaneId::kQueries, old);
  EXPECT_TRUE(Submit(CallClass::kQuery, "a").get().ok());
}

TEST(CallsShutdownTest, AnswersAllAndLeavesBehindWhatDoesNotComeBack) {
  ThreadPool executor("calls-test", 2);
  auto calls =
      std::make_unique<Calls>(Calls::OptionsByClass{kPatient, kPatient, kPatient}, executor);
  auto connection = Connection::Open("test:///default");
  ASSERT_TRUE(connection.ok());
  calls->Connected(LaneId::kQueries, *std::move(connection));
  const auto door = std::make_shared<Door>();
  const auto answers = std::make_shared<std::promise<Status>>();
  const auto left = std::make_shared<std::promise<void>>();
  calls->Submit({.call_class = CallClass::kQuery,
                 .guest = "a",
                 .doing = "x",
                 .run = [door, left](Connection&) -> Task {
                   door->Pass();
                   left->set_value();
                   return [] { FAIL() << "answered twice"; };
                 },
                 .fail = [answers](const Status& status) { answers->set_value(status); }});
  const SteadyTime start = SystemClock().Now();
  calls->Shutdown(milliseconds(200));
  calls.reset();
  EXPECT_LT(SystemClock().Now() - start, seconds(5));
  EXPECT_EQ(answers->get_future().get().code(), StatusCode::kUnavailable);
  door->Open();  // The thread comes back to a world without its owner.
  left->get_future().wait();
}

}  // namespace
}  // namespace berth::libvirt
