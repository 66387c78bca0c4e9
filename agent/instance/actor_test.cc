// SPDX-License-Identifier: Apache-2.0
// Actors over a ledger in memory, a fake hypervisor and fake storage, on one thread in virtual
// time.
#include "agent/instance/actor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/instance/apply_decision.h"
#include "agent/instance/registry.h"
#include "agent/ledger/memory_ledger.h"
#include "core/base/sim_executor.h"
#include "drivers/fake/fake_hypervisor.h"
#include "drivers/storage/fake_storage.h"

namespace berth {
namespace {

using model::InstanceState;
using model::OperationState;
using model::StepKind;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr char kId[] = "i-0123456789abcdef0";
constexpr char kNode[] = "node-1";

// The part of an agent that carries instances forward.
class ActorTest : public testing::Test {
 protected:
  ActorTest() {
    hypervisor.Subscribe([this](const GuestEvent& event) { registry.GuestChanged(event); }, [] {});
  }

  void Create(model::InstanceSpec spec = {}) {
    spec.shape = {.vcpus = 1, .memory_mib = 64};
    spec.boot.kernel = "vmlinuz";
    Commit([&](LedgerTxn& txn) {
      model::InstanceRecord record;
      record.id = kId;
      record.spec = spec;
      record.operation_id = "op-create";
      txn.PutOperation(NewCreateOperation("op-create", kId, txn.now()));
      txn.PutInstance(record);
      return OkStatus();
    });
    registry.Wake(kId);
  }

  void Ask(LifecycleEvent verb) {
    Commit([&](LedgerTxn& txn) -> Status {
      const auto record = txn.view().instances.Find(kId);
      const auto operation = txn.view().operations.Find(record->operation_id);
      BERTH_ASSIGN_OR_RETURN(
          const Decision decision,
          Decide(*record, operation.get(), verb,
                 {txn.now(), txn.view().identity.boot_id, "op-" + std::to_string(++verbs)}));
      ApplyDecision(txn, decision);
      return OkStatus();
    });
    registry.Wake(kId);
  }

  void Commit(Ledger::Body body) {
    Status answer = Status(StatusCode::kUnknown, "not answered");
    ledger->Submit(std::move(body), [&](Status status) { answer = std::move(status); });
    ASSERT_TRUE(sim.RunReady());
    ASSERT_TRUE(answer.ok()) << answer;
  }

  model::InstanceRecord Record() const { return *ledger->View()->instances.Find(kId); }
  model::Operation Operation() const {
    return *ledger->View()->operations.Find(Record().operation_id);
  }
  Power GuestPower() const {
    const auto guests = host.Guests();
    const auto it = guests.find(kId);
    return it == guests.end() ? Power::kOff : it->second.state.power;
  }

  SimExecutor sim;
  std::unique_ptr<Random> random = MakeSeededRandom(1);
  MemoryLedgerFile file;
  std::unique_ptr<Ledger> ledger = OpenMemoryLedger(file, sim, sim, *random);
  FakeHost host;
  FakeHypervisor hypervisor{host, sim, {.node_id = kNode, .delay = milliseconds(5)}};
  FakeStorage storage{sim, {}};
  StepRunner steps{hypervisor, storage, {}, kNode, "ledger-1"};
  std::vector<std::pair<StepKind, bool>> ended;
  InstanceRegistry registry{
      {sim,
       sim,
       *random,
       *ledger,
       hypervisor,
       steps,
       {.step_ended = [this](StepKind kind, bool ok, Duration) { ended.emplace_back(kind, ok); }}}};
  int verbs = 1;
};

TEST_F(ActorTest, CarriesACreateToRunning) {
  Create();
  ASSERT_TRUE(sim.RunFor(seconds(1)));
  EXPECT_EQ(Record().state, InstanceState::kRunning);
  EXPECT_EQ(Record().accel, "tcg");
  EXPECT_EQ(GuestPower(), Power::kRunning);
  EXPECT_EQ(ended.size(), 7u);
}

TEST_F(ActorTest, RunsEachStepOnceHoweverOftenItIsWoken) {
  Create();
  for (int i = 0; i < 50; ++i) {
    registry.Wake(kId);
    sim.RunOne();
  }
  ASSERT_TRUE(sim.RunFor(seconds(1)));
  EXPECT_EQ(Record().state, InstanceState::kRunning);
  EXPECT_EQ(ended.size(), 7u);
}

TEST_F(ActorTest, AnActorWithNothingOutstandingIsNotKept) {
  Create();
  EXPECT_EQ(registry.busy(), 1u);
  ASSERT_TRUE(sim.RunFor(seconds(60)));
  EXPECT_EQ(registry.busy(), 0u);
}

TEST_F(ActorTest, AFailedStepIsBegunAgainOnlyAfterItsBackoff) {
  hypervisor.Inject({.call = "Define",
                     .times = 2,
                     .status = Status(StatusCode::kUnavailable, "libvirtd is away")});
  Create();
  ASSERT_TRUE(sim.RunFor(milliseconds(150)));
  EXPECT_EQ(std::count(ended.begin(), ended.end(), std::pair(StepKind::kDefine, false)), 1);
  registry.Wake(kId);  // Must not hasten it.
  ASSERT_TRUE(sim.RunFor(milliseconds(20)));
  EXPECT_EQ(std::count(ended.begin(), ended.end(), std::pair(StepKind::kDefine, false)), 1);
  ASSERT_TRUE(sim.RunFor(seconds(2)));
  EXPECT_EQ(Record().state, InstanceState::kRunning);
}

TEST_F(ActorTest, AFailureForGoodLeavesNothingBehind) {
  hypervisor.Inject(
      {.call = "StartPaused", .status = Status(StatusCode::kResourceExhausted, "no memory")});
  Create();
  ASSERT_TRUE(sim.RunFor(seconds(5)));
  EXPECT_EQ(Record().state, InstanceState::kTerminated);
  EXPECT_EQ(Record().state_reason.code, "Server.InsufficientInstanceCapacity");
  EXPECT_TRUE(host.Guests().empty());
  EXPECT_FALSE(storage.HasAnything(kId));
}

TEST_F(ActorTest, AStepReportedFailedThatTookEffectIsHarmless) {
  hypervisor.Inject({.kind = FakeFault::Kind::kDoneButFailed, .call = "StartPaused"});
  Create();
  ASSERT_TRUE(sim.RunFor(seconds(5)));
  EXPECT_EQ(Record().state, InstanceState::kRunning);
  EXPECT_EQ(host.Guests().at(kId).boots, 1);
}

TEST_F(ActorTest, AGuestThatObeysIsStoppedWellBeforeItsGrace) {
  Create();
  ASSERT_TRUE(sim.RunFor(seconds(1)));
  Ask(StopRequested{.grace = seconds(600)});
  ASSERT_TRUE(sim.RunFor(seconds(1)));
  EXPECT_EQ(Record().state, InstanceState::kStopped);
}

TEST_F(ActorTest, AnObedientGuestWhoseEventIsLostIsFoundOff) {
  Create();
  ASSERT_TRUE(sim.RunFor(seconds(1)));
  hypervisor.LoseEvents(10);
  Ask(StopRequested{.grace = seconds(600)});
  ASSERT_TRUE(sim.RunFor(seconds(1)));
  EXPECT_EQ(Record().state, InstanceState::kStopped);
}

TEST_F(ActorTest, AGuestThatIgnoresTheButtonIsForcedWhenItsGraceHasPassed) {
  Create();
  ASSERT_TRUE(sim.RunFor(seconds(1)));
  host.SetPowerButton(kId, PowerButton::kIgnored);
  Ask(StopRequested{.grace = seconds(10)});
  ASSERT_TRUE(sim.RunFor(seconds(9)));
  EXPECT_EQ(Record().state, InstanceState::kStopping);
  EXPECT_EQ(GuestPower(), Power::kRunning);
  ASSERT_TRUE(sim.RunFor(seconds(2)));
  EXPECT_EQ(Record().state, InstanceState::kStopped);
  EXPECT_EQ(GuestPower(), Power::kOff);
}

TEST_F(ActorTest, ATerminateWaitsForTheOutstandingStepOfTheCreate) {
  hypervisor.Inject({.kind = FakeFault::Kind::kDoneButNoAnswer, .call = "Define"});
  Create();
  ASSERT_TRUE(sim.RunFor(seconds(1)));
  Ask(TerminateRequested{});
  ASSERT_TRUE(sim.RunFor(seconds(10)));
  EXPECT_EQ(Record().state, InstanceState::kShuttingDown);
  ASSERT_TRUE(sim.RunFor(seconds(30)));  // The driver has given the call up.
  EXPECT_EQ(Record().state, InstanceState::kTerminated);
  EXPECT_TRUE(host.Guests().empty());
}

TEST_F(ActorTest, AnOutcomeThatTheLedgerCannotTakeIsKeptUntilItCan) {
  Create();
  file.FailNextCommit(CommitFault::kFull);
  ASSERT_TRUE(sim.RunFor(seconds(5)));
  EXPECT_EQ(Record().state, InstanceState::kRunning);
  EXPECT_EQ(host.Guests().at(kId).boots, 1);
}

TEST_F(ActorTest, AGraceThatEndsWhileTheLedgerIsFullEndsAMomentLater) {
  Create();
  ASSERT_TRUE(sim.RunFor(seconds(1)));
  host.SetPowerButton(kId, PowerButton::kIgnored);
  Ask(StopRequested{.grace = seconds(30)});
  ASSERT_TRUE(sim.RunFor(seconds(29)));
  file.FailNextCommit(CommitFault::kFull);
  ASSERT_TRUE(sim.RunFor(seconds(5)));
  EXPECT_EQ(Record().state, InstanceState::kStopped);
}

TEST_F(ActorTest, ADeathSeenWhileTheLedgerIsFullIsLookedAtAgain) {
  Create();
  ASSERT_TRUE(sim.RunFor(seconds(1)));
  file.FailNextCommit(CommitFault::kFull);
  host.PowerOff(kId, OffReason::kCrashed);
  ASSERT_TRUE(sim.RunFor(seconds(5)));
  EXPECT_EQ(Record().state, InstanceState::kStopped);
}

TEST_F(ActorTest, ADeathWhoseReasonCannotBeReadAtOnceIsAskedForAgain) {
  Create();
  ASSERT_TRUE(sim.RunFor(seconds(1)));
  hypervisor.Inject(
      {.call = "Inspect", .times = 2, .status = Status(StatusCode::kInternal, "it is just going")});
  host.PowerOff(kId, OffReason::kCrashed);
  ASSERT_TRUE(sim.RunFor(seconds(1)));
  EXPECT_EQ(Record().state, InstanceState::kStopped);
}

TEST_F(ActorTest, AGuestThatDiesIsNoticedByItsEvent) {
  Create();
  ASSERT_TRUE(sim.RunFor(seconds(1)));
  host.PowerOff(kId, OffReason::kCrashed);
  ASSERT_TRUE(sim.RunFor(seconds(1)));
  EXPECT_EQ(Record().state, InstanceState::kStopped);
  EXPECT_EQ(Record().state_reason.code, "Server.GuestKilled");
}

TEST_F(ActorTest, AnAnswerFromBeforeTheRecordChangedIsDropped) {
  Create();
  ASSERT_TRUE(sim.RunFor(seconds(1)));
  const Basis before = ledger->View()->instances.Find(kId);
  Ask(StopRequested{.force = true});
  ASSERT_TRUE(sim.RunFor(seconds(1)));
  Ask(StartRequested{});
  ASSERT_TRUE(sim.RunFor(seconds(1)));
  ASSERT_EQ(Record().state, InstanceState::kRunning);
  const GuestObserved off{.defined = true, .power = Power::kOff};
  registry.GuestFound(kId, off, before);
  ASSERT_TRUE(sim.RunFor(seconds(1)));
  EXPECT_EQ(Record().state, InstanceState::kRunning);
  registry.GuestFound(kId, off, ledger->View()->instances.Find(kId));
  ASSERT_TRUE(sim.RunFor(seconds(1)));
  EXPECT_EQ(Record().state, InstanceState::kStopped);
}

TEST_F(ActorTest, AGuestThatMissedThePowerButtonIsAskedAgain) {
  Create();
  ASSERT_TRUE(sim.RunFor(seconds(1)));
  host.SetPowerButton(kId, PowerButton::kIgnored);
  Ask(StopRequested{.grace = seconds(600)});
  ASSERT_TRUE(sim.RunFor(seconds(5)));
  host.SetPowerButton(kId, PowerButton::kShutsDown);
  ASSERT_TRUE(sim.RunFor(seconds(30)));
  EXPECT_EQ(Record().state, InstanceState::kStopped);
}

TEST_F(ActorTest, ARebootCountsTheBootAndSkipsTheReset) {
  Create();
  ASSERT_TRUE(sim.RunFor(seconds(1)));
  Ask(RebootRequested{.grace = seconds(60)});
  ASSERT_TRUE(sim.RunFor(seconds(1)));
  EXPECT_EQ(Operation().state, OperationState::kSucceeded);
  EXPECT_EQ(Record().boot_count, 2);
  EXPECT_EQ(host.Guests().at(kId).boots, 2);
}

}  // namespace
}  // namespace berth
