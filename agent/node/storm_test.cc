// SPDX-License-Identifier: Apache-2.0
// Random verbs, faults and crashes, tasks in any order; each seed is one run and replays exactly.
// In the storm: no claim is held twice and none beyond capacity, and a repeat gets the first
// answer. When it has passed: every operation ends, every record is true, and nothing is left of
// what has ended.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <iterator>
#include <map>

#include "agent/node/node_harness.h"
#include "core/model/names.h"

namespace berth::node {
namespace {

using model::InstanceState;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int kInstances = 4;
constexpr int kActions = 40;

class Storm {
 public:
  explicit Storm(uint64_t seed) : draw_(MakeSeededRandom(seed ^ 0x5eed)), world_(seed) {}

  void Rage() {
    for (int i = 0; i < kActions && !::testing::Test::HasFailure(); ++i) {
      Act();
      ASSERT_TRUE(world_.sim.RunFor(Duration(Draw(2000)), 100000));
      world_.ExpectConsistent();
    }
  }

  void Pass() {
    world_.weather = {};
    world_.agent->hypervisor.SetWeather({});
    world_.agent->hypervisor.SetDaemonUp(true);
    ASSERT_TRUE(world_.sim.RunFor(minutes(15), 1000000));
    world_.ExpectConsistent();
    world_.ledger().operations.ForEach([](const std::string& id, const auto& operation) {
      EXPECT_TRUE(operation->final()) << id << " " << model::Name(operation->kind);
    });
    world_.ledger().instances.ForEach(
        [this](const std::string&, const auto& record) { ExpectTrue(*record); });
    for (const auto& [id, guest] : world_.host.Guests())
      EXPECT_NE(world_.ledger().instances.Find(id), nullptr) << id << " has no record";
  }

 private:
  uint64_t Draw(uint64_t below) { return draw_->Next() % below; }
  std::string AnyId() { return fmt::format("i-{:017x}", Draw(kInstances) + 1); }

  void Act() {
    const uint64_t what = Draw(20);
    if (what < 2) return Crash();
    if (what < 3) return world_.agent->hypervisor.SetDaemonUp(Draw(2) == 0);
    if (what < 5) return ChangeWeather();
    if (what < 6) return world_.host.PowerOff(AnyId(), AnyReason());
    if (what < 7) return FailStorage();
    if (what < 9 && !answers_.empty()) return Repeat();
    Verb(fmt::format("r-{}", next_request_++));
  }

  void Crash() {
    if (Draw(2) == 0)
      world_.file.FailNextCommit(Draw(2) == 0 ? CommitFault::kDieBefore : CommitFault::kDieAfter);
    (void)world_.sim.RunFor(Duration(Draw(500)), 100000);
    world_.file.FailNextCommit(CommitFault::kNone);
    world_.Restart();
  }

  void ChangeWeather() {
    world_.weather = Draw(2) == 0 ? FakeWeather{}
                                  : FakeWeather{.refused = 0.1,
                                                .done_but_failed = 0.1,
                                                .no_answer = 0.02,
                                                .event_lost = 0.2,
                                                .event_doubled = 0.2,
                                                .delay_max = Duration(700)};
    world_.agent->hypervisor.SetWeather(world_.weather);
  }

  OffReason AnyReason() {
    return std::array{OffReason::kUnknown, OffReason::kGuestShutdown, OffReason::kCrashed,
                      OffReason::kDestroyed}[Draw(4)];
  }

  void FailStorage() {
    const auto call = std::array{StorageCall::kCreateRootDisk, StorageCall::kCreateSeed,
                                 StorageCall::kDeleteInstance}[Draw(3)];
    world_.storage.FailNext(
        call, {.error = Status(StatusCode::kInternal, "bad disk"), .takes_effect = Draw(2) == 0});
  }

  void Verb(const std::string& request_id) {
    calls_[request_id] = {static_cast<int>(Draw(6)), AnyId()};
    Send(request_id);
  }
  void Repeat() {
    auto it = answers_.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(Draw(answers_.size())));
    Send(it->first);
  }

  void Send(const std::string& request_id) {
    const auto& [verb, id] = calls_.at(request_id);
    CallContext call = Call(request_id);
    const auto done = [this, request_id](StatusOr<model::InstanceRecord> answer) {
      const auto first = answers_.find(request_id);
      if (!answer.ok()) {
        EXPECT_TRUE(first == answers_.end() || answer.status().code() == StatusCode::kUnavailable)
            << answer.status();
        return;
      }
      if (first == answers_.end()) answers_[request_id] = *answer;
      EXPECT_EQ(answers_.at(request_id), *answer);
    };
    CreateInstanceArgs args = SmallInstance(id);
    args.spec.shape.vcpus = 3;  // So that not all fit at once.
    NodeAgent& node = world_.node();
    switch (verb) {
      case 0:
      case 1:
        return node.CreateInstance(call, args, done);
      case 2:
        return node.StartInstance(call, id, done);
      case 3:
        return node.StopInstance(call, id, {.grace = seconds(30)}, done);
      case 4:
        return node.RebootInstance(call, id, {.grace = seconds(30)}, done);
      default:
        return node.TerminateInstance(call, id, {}, done);
    }
  }

  void ExpectTrue(const model::InstanceRecord& record) {
    SCOPED_TRACE(fmt::format("{} is {}", record.id, model::Name(record.state)));
    const auto guest = world_.host.Inspect(record.id);
    switch (record.state) {
      case InstanceState::kRunning:
        EXPECT_EQ(world_.PowerOf(record.id), Power::kRunning);
        EXPECT_FALSE(record.run_claim_id.empty());
        break;
      case InstanceState::kStopped:
        EXPECT_EQ(world_.PowerOf(record.id), Power::kOff);
        EXPECT_TRUE(record.run_claim_id.empty());
        EXPECT_TRUE(world_.storage.HasRootDisk(record.id));
        break;
      case InstanceState::kTerminated:
        EXPECT_FALSE(guest.ok());
        EXPECT_FALSE(world_.storage.HasAnything(record.id));
        break;
      default:
        ADD_FAILURE() << "it never settled";
    }
  }

  std::unique_ptr<Random> draw_;
  World world_;
  int next_request_ = 0;
  std::map<std::string, std::pair<int, std::string>> calls_;  // Verb and instance, by request.
  std::map<std::string, model::InstanceRecord> answers_;      // What each was told first.
};

TEST(StormTest, WhateverHappensTheNodeTellsTheTruthAfterwards) {
  for (uint64_t seed = 1; seed <= 150 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Storm storm(seed);
    storm.Rage();
    storm.Pass();
  }
}

}  // namespace
}  // namespace berth::node
