// SPDX-License-Identifier: Apache-2.0
// The faults and the memory of the fake, on one thread in virtual time. That it keeps the contract
// is checked by tests/contract/hypervisor_contract_test.cc.
#include "drivers/fake/fake_hypervisor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "core/base/error.h"
#include "core/base/reasons.h"
#include "core/base/sim_executor.h"

namespace berth {
namespace {

using Kind = GuestEvent::Kind;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr char kId[] = "i-0123456789abcdef0";
constexpr char kNode[] = "node-a";

GuestSpec Spec(const std::string& id = kId) {
  GuestSpec spec;
  spec.instance_id = id;
  spec.node_id = kNode;
  spec.memory_mib = 64;
  return spec;
}

class FakeHypervisorTest : public testing::Test {
 protected:
  FakeHypervisorTest() { Restart(); }

  void Restart(FakeHypervisorOptions options = {}) {
    options.node_id = kNode;
    hypervisor_ = std::make_unique<FakeHypervisor>(host_, executor_, options);
    hypervisor_->Subscribe([this](const GuestEvent& event) { events_.push_back(event.kind); },
                           [this] { ++connected_; });
    executor_.RunReady();
  }
  // The answer of a call by now; nothing if there is none yet.
  std::shared_ptr<std::optional<Status>> Begin(const std::function<void(Hypervisor::Done)>& call) {
    auto answer = std::make_shared<std::optional<Status>>();
    call([answer](const Status& status) {
      EXPECT_FALSE(answer->has_value()) << "answered twice";
      *answer = status;
    });
    EXPECT_FALSE(answer->has_value()) << "answered inside the call";
    return answer;
  }
  Status Run(const std::function<void(Hypervisor::Done)>& call) {
    const auto answer = Begin(call);
    executor_.RunReady();
    return answer->value_or(Status(StatusCode::kUnknown, "no answer"));
  }
  Status Define() {
    return Run([&](auto done) { hypervisor_->Define(Spec(), done); });
  }
  Status StartPaused() {
    return Run([&](auto done) { hypervisor_->StartPaused(kId, done); });
  }
  Status Destroy() {
    return Run([&](auto done) { hypervisor_->Destroy(kId, done); });
  }
  void StartOne() {
    ASSERT_TRUE(Define().ok());
    ASSERT_TRUE(StartPaused().ok());
    events_.clear();
  }
  Power PowerNow() { return host_.Inspect(kId)->power; }

  SimExecutor executor_;
  FakeHost host_;
  std::vector<Kind> events_;
  int connected_ = 0;
  std::unique_ptr<FakeHypervisor> hypervisor_;
};

TEST_F(FakeHypervisorTest, RefusedCallHasNoEffectAndTheNextOneGoesThrough) {
  ASSERT_TRUE(Define().ok());
  hypervisor_->Inject({.kind = FakeFault::Kind::kRefused, .call = "StartPaused"});
  EXPECT_EQ(StartPaused().code(), StatusCode::kInternal);
  EXPECT_EQ(PowerNow(), Power::kOff);
  EXPECT_TRUE(StartPaused().ok());
}

TEST_F(FakeHypervisorTest, FaultHitsOnlyTheCallAndGuestItNamesAsOftenAsItSays) {
  hypervisor_->Inject({.call = "Destroy", .guest = kId, .times = 2});
  EXPECT_TRUE(Define().ok());
  EXPECT_TRUE(Run([&](auto done) { hypervisor_->Destroy("i-0123456789abcdef1", done); }).ok());
  EXPECT_FALSE(Destroy().ok());
  EXPECT_FALSE(Destroy().ok());
  EXPECT_TRUE(Destroy().ok());
}

TEST_F(FakeHypervisorTest, DoneButReportedFailedTookEffect) {
  ASSERT_TRUE(Define().ok());
  hypervisor_->Inject({.kind = FakeFault::Kind::kDoneButFailed,
                       .call = "StartPaused",
                       .status = Status(StatusCode::kUnavailable, "lost")});
  EXPECT_EQ(StartPaused().message(), "lost");
  EXPECT_EQ(PowerNow(), Power::kPaused);
}

TEST_F(FakeHypervisorTest, CallWithoutAnswerEndsAtItsDeadline) {
  ASSERT_TRUE(Define().ok());
  for (const auto kind : {FakeFault::Kind::kNoAnswer, FakeFault::Kind::kDoneButNoAnswer}) {
    hypervisor_->Inject({.kind = kind, .call = "StartPaused"});
    const auto answer = Begin([&](auto done) { hypervisor_->StartPaused(kId, done); });
    executor_.RunFor(seconds(29));
    EXPECT_FALSE(answer->has_value());
    executor_.RunFor(seconds(2));
    ASSERT_TRUE(answer->has_value());
    EXPECT_EQ(ReasonOf(**answer), reasons::kHypervisorTimeout);
    EXPECT_EQ(PowerNow(), kind == FakeFault::Kind::kNoAnswer ? Power::kOff : Power::kPaused);
  }
}

TEST_F(FakeHypervisorTest, FrozenGuestIsStuckUntilItIsDestroyed) {
  StartOne();
  host_.SetFrozen(kId, true);
  const auto answer = Begin([&](auto done) { hypervisor_->Resume(kId, done); });
  executor_.RunFor(seconds(31));
  EXPECT_EQ((*answer)->code(), StatusCode::kDeadlineExceeded);
  EXPECT_THAT(hypervisor_->Health().stuck_guests, ElementsAre(kId));
  EXPECT_EQ(ReasonOf(StartPaused()), reasons::kGuestStuck);
  EXPECT_TRUE(Destroy().ok());
  EXPECT_THAT(hypervisor_->Health().stuck_guests, IsEmpty());
  EXPECT_TRUE(StartPaused().ok());
}

TEST_F(FakeHypervisorTest, DelayIsKeptInVirtualTime) {
  Restart({.delay = seconds(3)});
  const auto answer = Begin([&](auto done) { hypervisor_->Define(Spec(), done); });
  executor_.RunFor(seconds(2));
  EXPECT_FALSE(answer->has_value());
  executor_.RunFor(seconds(2));
  EXPECT_TRUE(answer->has_value());
}

TEST_F(FakeHypervisorTest, EventsAreLostAndDoubledAsScripted) {
  StartOne();
  hypervisor_->LoseEvents(1);
  hypervisor_->DoubleEvents(1);
  EXPECT_TRUE(Destroy().ok());
  EXPECT_TRUE(StartPaused().ok());
  EXPECT_THAT(events_, ElementsAre(Kind::kStarted, Kind::kStarted, Kind::kPaused));
}

TEST_F(FakeHypervisorTest, WhatBefallsAGuestIsToldWithItsReason) {
  StartOne();
  host_.PowerOff(kId, OffReason::kCrashed);
  executor_.RunReady();
  EXPECT_THAT(events_, ElementsAre(Kind::kOff));
  EXPECT_EQ(host_.Inspect(kId)->off_reason, OffReason::kCrashed);
  host_.Remove(kId);
  executor_.RunReady();
  EXPECT_EQ(host_.Inspect(kId).status().code(), StatusCode::kNotFound);
}

TEST_F(FakeHypervisorTest, RebootedMachineTellsNothingAndNoReason) {
  StartOne();
  host_.RebootMachine();
  executor_.RunReady();
  EXPECT_THAT(events_, IsEmpty());
  EXPECT_EQ(PowerNow(), Power::kOff);
  EXPECT_EQ(host_.Inspect(kId)->off_reason, OffReason::kUnknown);
}

TEST_F(FakeHypervisorTest, DaemonAwayAnswersUnavailableAndTellsWhenItIsBack) {
  EXPECT_EQ(connected_, 1);
  hypervisor_->SetDaemonUp(false);
  EXPECT_EQ(ReasonOf(Define()), reasons::kHypervisorUnavailable);
  EXPECT_FALSE(hypervisor_->Health().connected);
  hypervisor_->SetDaemonUp(true);
  EXPECT_TRUE(Define().ok());
  EXPECT_EQ(connected_, 2);
}

TEST_F(FakeHypervisorTest, GuestThatIgnoresTheButtonStaysOn) {
  StartOne();
  ASSERT_TRUE(Run([&](auto done) { hypervisor_->Resume(kId, done); }).ok());
  host_.SetPowerButton(kId, PowerButton::kIgnored);
  EXPECT_TRUE(Run([&](auto done) { hypervisor_->AskShutdown(kId, done); }).ok());
  EXPECT_EQ(PowerNow(), Power::kRunning);
  host_.SetPowerButton(kId, PowerButton::kShutsDown);
  EXPECT_TRUE(Run([&](auto done) { hypervisor_->AskShutdown(kId, done); }).ok());
  EXPECT_EQ(host_.Inspect(kId)->off_reason, OffReason::kGuestShutdown);
}

TEST_F(FakeHypervisorTest, HostWithoutMemoryIsACapacityFailure) {
  ASSERT_TRUE(Define().ok());
  host_.SetMemoryMib(63);
  const Status status = StartPaused();
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(status), reasons::kInsufficientCapacity);
}

TEST_F(FakeHypervisorTest, CallInFlightAtACrashIsNeverAnswered) {
  const auto answer = Begin([&](auto done) { hypervisor_->Define(Spec(), done); });
  Restart();
  executor_.RunFor(seconds(60));
  EXPECT_FALSE(answer->has_value());
}

TEST_F(FakeHypervisorTest, SameSeedGivesTheSameWeather) {
  const auto outcomes = [this] {
    const auto random = MakeSeededRandom(7);
    FakeHypervisorOptions options;
    options.random = random.get();
    options.weather = {.refused = 0.3, .done_but_failed = 0.3, .delay_max = seconds(2)};
    Restart(options);
    std::string text;
    for (int i = 0; i < 40; ++i) {
      const auto answer = Begin([&](auto done) { hypervisor_->Define(Spec(), done); });
      executor_.RunFor(seconds(3));
      text += (*answer)->ok() ? 'o' : 'x';
    }
    Restart();
    return text;
  };
  const std::string first = outcomes();
  EXPECT_EQ(outcomes(), first);
  EXPECT_NE(first.find('o'), std::string::npos);
  EXPECT_NE(first.find('x'), std::string::npos);
}

class FakeStateFileTest : public testing::Test {
 protected:
  ~FakeStateFileTest() override { std::filesystem::remove_all(path_); }
  const std::string path_ = testing::TempDir() + "berth-fake-" + std::to_string(getpid());
};

TEST_F(FakeStateFileTest, GuestsOutliveTheHostObject) {
  std::map<std::string, FakeGuest> before;
  {
    auto host = FakeHost::Open(path_);
    ASSERT_TRUE(host.ok());
    GuestSpec spec = Spec();
    spec.record_json = "<>&\"'\n\xC3\xA9";
    spec.disks = {{.path = "/x.qcow2", .format = "qcow2", .target = "vda", .read_only = true}};
    ASSERT_TRUE((*host)->Define(spec, "tcg").ok());
    ASSERT_TRUE((*host)->StartPaused(kId).ok());
    GuestState foreign;
    foreign.name = "web";
    (*host)->AddForeign(foreign);
    before = (*host)->Guests();
  }
  auto host = FakeHost::Open(path_);
  ASSERT_TRUE(host.ok()) << host.status();
  EXPECT_EQ((*host)->Guests(), before);
  EXPECT_EQ((*host)->Guests().size(), 2U);
}

TEST_F(FakeStateFileTest, AnotherFileIsDataLoss) {
  for (const char* text : {"{\"i-1\": 5}", "[]garbage", "", "[1,2]"}) {
    std::ofstream(path_) << text;
    EXPECT_EQ(FakeHost::Open(path_).status().code(), StatusCode::kDataLoss) << text;
  }
}

TEST_F(FakeStateFileTest, UnwritableFileIsAnErrorOfTheCall) {
  auto host = FakeHost::Open(path_ + "/no/such/directory");
  ASSERT_TRUE(host.ok());
  EXPECT_EQ((*host)->Define(Spec(), "tcg").code(), StatusCode::kInternal);
}

}  // namespace
}  // namespace berth
