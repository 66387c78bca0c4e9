// SPDX-License-Identifier: Apache-2.0
// The contract of drivers/hypervisor.h, checked on every version of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/contract/hypervisor_world.h"

namespace berth {
namespace {

using Kind = GuestEvent::Kind;

class HypervisorContract : public testing::TestWithParam<WorldFactory> {
 protected:
  void SetUp() override {
    world_ = GetParam().make();
    ASSERT_NE(world_, nullptr);
    ASSERT_TRUE(world_->log().WaitForConnected(1)) << world_->hypervisor().Health().error;
  }
  // Leaves the host as it was found, also after a failure.
  void TearDown() override {
    if (world_ == nullptr) return;
    for (const std::string& id : made_) {
      Call().Destroy(id).IgnoreError();
      Call().Undefine(id).IgnoreError();
    }
  }

  Calling Call() { return Calling(world_->hypervisor()); }
  GuestSpec NewGuest() {
    GuestSpec spec = world_->NewGuest();
    made_.push_back(spec.instance_id);
    return spec;
  }
  std::string Defined() {
    const GuestSpec spec = NewGuest();
    EXPECT_TRUE(Call().Define(spec).ok());
    return spec.instance_id;
  }
  std::string Running() {
    std::string id = Defined();
    const Status started = Call().StartPaused(id);
    EXPECT_TRUE(started.ok()) << started;
    const Status resumed = Call().Resume(id);
    EXPECT_TRUE(resumed.ok()) << resumed;
    return id;
  }
  GuestState Inspected(const std::string& id) {
    const StatusOr<GuestState> guest = Call().Inspect(id);
    EXPECT_TRUE(guest.ok()) << guest.status();
    return guest.ok() ? *guest : GuestState{};
  }
  bool Told(const std::string& id, Kind kind, OffReason reason = OffReason::kUnknown) {
    return world_->log().WaitFor([&](const std::vector<GuestEvent>& events) {
      return std::find(events.begin(), events.end(), GuestEvent{id, kind, reason}) != events.end();
    });
  }

  std::unique_ptr<HypervisorWorld> world_;

 private:
  std::vector<std::string> made_;
};

// For what needs a guest that is on; run over the worlds that can start one.
class HypervisorContractRunning : public HypervisorContract {};

constexpr char kUnknownId[] = "i-0000000000000dead";

TEST_P(HypervisorContract, HealthSaysThatItIsConnected) {
  const HypervisorHealth health = world_->hypervisor().Health();
  EXPECT_TRUE(health.connected);
  EXPECT_EQ(health.error, "");
  EXPECT_NE(health.version, "");
  EXPECT_THAT(health.accel, testing::AnyOf("kvm", "tcg"));
  EXPECT_NE(health.accel_reason, "");
  EXPECT_EQ(health.abandoned_calls, 0);
}

TEST_P(HypervisorContract, DefinedGuestIsOffAndReadsBack) {
  GuestSpec spec = NewGuest();
  spec.vcpus = 2;
  spec.memory_mib = 48;
  spec.generation = 7;
  ASSERT_TRUE(Call().Define(spec).ok());
  const GuestState guest = Inspected(spec.instance_id);
  EXPECT_EQ(guest.instance_id, spec.instance_id);
  EXPECT_EQ(guest.name, spec.instance_id);
  EXPECT_EQ(guest.uuid, DomainUuid(spec.instance_id));
  EXPECT_EQ(guest.node_id, spec.node_id);
  EXPECT_EQ(guest.generation, 7);
  EXPECT_EQ(guest.record_json, spec.record_json);
  EXPECT_EQ(guest.vcpus, 2);
  EXPECT_EQ(guest.memory_mib, 48);
  EXPECT_EQ(guest.power, Power::kOff);
  EXPECT_EQ(guest.pid, 0);
  EXPECT_TRUE(guest.persistent);
  EXPECT_FALSE(guest.managed_save);
}

TEST_P(HypervisorContract, DefiningAgainReplacesTheDefinition) {
  GuestSpec spec = NewGuest();
  ASSERT_TRUE(Call().Define(spec).ok());
  spec.generation = 2;
  spec.memory_mib = 64;
  ASSERT_TRUE(Call().Define(spec).ok());
  EXPECT_EQ(Inspected(spec.instance_id).generation, 2);
  EXPECT_EQ(Inspected(spec.instance_id).memory_mib, 64);
}

TEST_P(HypervisorContract, UnknownGuestIsAnsweredAsTheContractSays) {
  EXPECT_EQ(Call().StartPaused(kUnknownId).code(), StatusCode::kNotFound);
  EXPECT_EQ(Call().Inspect(kUnknownId).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(Call().Resume(kUnknownId).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Call().AskReboot(kUnknownId).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Call().Reset(kUnknownId).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Call().InjectNmi(kUnknownId).code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(Call().AskShutdown(kUnknownId).ok());
  EXPECT_TRUE(Call().Destroy(kUnknownId).ok());
  EXPECT_TRUE(Call().Undefine(kUnknownId).ok());
}

TEST_P(HypervisorContract, GuestThatIsOffIsAnsweredAsTheContractSays) {
  const std::string id = Defined();
  EXPECT_EQ(Call().Resume(id).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Call().AskReboot(id).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Call().Reset(id).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Call().InjectNmi(id).code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(Call().AskShutdown(id).ok());
  EXPECT_TRUE(Call().Destroy(id).ok());
}

TEST_P(HypervisorContract, IdThatIsNoInstanceIdIsRefused) {
  for (const std::string id : {"", "i-", "../../etc", "i-0000000000000000G"})
    EXPECT_EQ(Call().Destroy(id).code(), StatusCode::kInvalidArgument) << id;
}

TEST_P(HypervisorContract, UndefinedGuestIsGoneAndCanBeUndefinedAgain) {
  const std::string id = Defined();
  // Once it is gone, an event that comes late can no longer be told from a foreign guest's.
  EXPECT_TRUE(Told(id, Kind::kDefined));
  EXPECT_TRUE(Call().Undefine(id).ok());
  EXPECT_EQ(Call().Inspect(id).status().code(), StatusCode::kNotFound);
  EXPECT_TRUE(Call().Undefine(id).ok());
  EXPECT_TRUE(Told(id, Kind::kUndefined));
}

TEST_P(HypervisorContract, ListHasOurGuestsAndForeignOnes) {
  const std::string foreign = world_->AddForeignGuest();
  const std::string id = Defined();
  const auto guests = Call().List();
  ASSERT_TRUE(guests.ok()) << guests.status();
  const auto named = [&](const std::string& name) {
    return std::find_if(guests->begin(), guests->end(),
                        [&](const GuestState& guest) { return guest.name == name; });
  };
  ASSERT_NE(named(id), guests->end());
  EXPECT_EQ(named(id)->instance_id, id);
  ASSERT_NE(named(foreign), guests->end());
  EXPECT_EQ(named(foreign)->instance_id, "");
  EXPECT_GT(named(foreign)->memory_mib, 0);
}

TEST_P(HypervisorContract, GuestOfAnotherNodeIsSeenAndNeverTouched) {
  GuestSpec spec = NewGuest();
  spec.node_id = "99999999-6f2d-4e57-9a80-1c2d3e4f5061";
  ASSERT_TRUE(Call().Define(spec).ok());
  EXPECT_EQ(Inspected(spec.instance_id).node_id, spec.node_id);
  EXPECT_EQ(Call().StartPaused(spec.instance_id).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Call().Destroy(spec.instance_id).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Call().Undefine(spec.instance_id).code(), StatusCode::kFailedPrecondition);
  GuestSpec ours = spec;
  ours.node_id = world_->NewGuest().node_id;
  EXPECT_EQ(Call().Define(ours).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Inspected(spec.instance_id).node_id, spec.node_id);
  world_->RemoveGuestOfAnotherNode(spec.instance_id);
}

TEST_P(HypervisorContractRunning, StartsPausedAndRunsWhenResumed) {
  const std::string id = Defined();
  ASSERT_TRUE(Call().StartPaused(id).ok());
  EXPECT_EQ(Inspected(id).power, Power::kPaused);
  EXPECT_TRUE(Call().StartPaused(id).ok());
  EXPECT_EQ(Inspected(id).power, Power::kPaused);
  ASSERT_TRUE(Call().Resume(id).ok());
  EXPECT_EQ(Inspected(id).power, Power::kRunning);
  EXPECT_TRUE(Call().Resume(id).ok());
  EXPECT_TRUE(Call().StartPaused(id).ok());
  EXPECT_EQ(Inspected(id).power, Power::kRunning);
  EXPECT_TRUE(Told(id, Kind::kStarted));
  EXPECT_TRUE(Told(id, Kind::kResumed));
}

TEST_P(HypervisorContractRunning, RunningGuestHasAProcess) {
  const std::string id = Running();
  EXPECT_GT(Inspected(id).pid, 1);
}

TEST_P(HypervisorContractRunning, DestroyedGuestIsOffAndSaysWhy) {
  const std::string id = Running();
  EXPECT_TRUE(Call().Destroy(id).ok());
  EXPECT_EQ(Inspected(id).power, Power::kOff);
  EXPECT_EQ(Inspected(id).off_reason, OffReason::kDestroyed);
  EXPECT_EQ(Inspected(id).pid, 0);
  EXPECT_TRUE(Call().Destroy(id).ok());
  EXPECT_TRUE(Told(id, Kind::kOff, OffReason::kDestroyed));
}

TEST_P(HypervisorContractRunning, GuestStartsAgainAfterItWasDestroyed) {
  const std::string id = Running();
  ASSERT_TRUE(Call().Destroy(id).ok());
  ASSERT_TRUE(Call().StartPaused(id).ok());
  ASSERT_TRUE(Call().Resume(id).ok());
  EXPECT_EQ(Inspected(id).power, Power::kRunning);
}

TEST_P(HypervisorContractRunning, ResetGuestStaysOn) {
  const std::string id = Running();
  const int64_t pid = Inspected(id).pid;
  EXPECT_TRUE(Call().Reset(id).ok());
  EXPECT_TRUE(Call().InjectNmi(id).ok());
  EXPECT_EQ(Inspected(id).power, Power::kRunning);
  EXPECT_EQ(Inspected(id).pid, pid);
}

TEST_P(HypervisorContractRunning, AskingARunningGuestIsOkWhateverItDoes) {
  const std::string id = Running();
  EXPECT_TRUE(Call().AskReboot(id).ok());
  EXPECT_TRUE(Call().AskShutdown(id).ok());
}

TEST_P(HypervisorContractRunning, RunningGuestIsNotUndefined) {
  const std::string id = Running();
  EXPECT_EQ(Call().Undefine(id).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Inspected(id).power, Power::kRunning);
  EXPECT_TRUE(Inspected(id).persistent);
}

TEST_P(HypervisorContractRunning, DefiningARunningGuestLeavesItRunning) {
  GuestSpec spec = NewGuest();
  ASSERT_TRUE(Call().Define(spec).ok());
  ASSERT_TRUE(Call().StartPaused(spec.instance_id).ok());
  const int64_t pid = Inspected(spec.instance_id).pid;
  ASSERT_TRUE(Call().Define(spec).ok());
  EXPECT_EQ(Inspected(spec.instance_id).power, Power::kPaused);
  EXPECT_EQ(Inspected(spec.instance_id).pid, pid);
}

TEST_P(HypervisorContractRunning, RestartedAgentFindsItsGuestsAsTheyWere) {
  const std::string running = Running();
  const std::string off = Defined();
  const GuestState before = Inspected(running);
  world_->RestartAgent();
  ASSERT_TRUE(world_->log().WaitForConnected(2));
  EXPECT_EQ(Inspected(running), before);
  EXPECT_EQ(Inspected(off).power, Power::kOff);
  EXPECT_TRUE(Call().Destroy(running).ok());
  EXPECT_TRUE(Told(running, Kind::kOff, OffReason::kDestroyed));
}

TEST_P(HypervisorContractRunning, ManyGuestsAtOnceAllCome) {
  std::vector<std::string> ids;
  for (int i = 0; i < 6; ++i) ids.push_back(Defined());
  std::vector<std::future<Status>> answers;
  for (const std::string& id : ids)
    answers.push_back(std::async(std::launch::async, [this, id]() -> Status {
      const Status started = Call().StartPaused(id);
      return started.ok() ? Call().Resume(id) : started;
    }));
  for (auto& answer : answers) EXPECT_TRUE(answer.get().ok());
  for (const std::string& id : ids) EXPECT_EQ(Inspected(id).power, Power::kRunning);
}

std::vector<WorldFactory> WorldsThatStartGuests() {
  std::vector<WorldFactory> worlds = Worlds();
  worlds.erase(std::remove_if(worlds.begin(), worlds.end(),
                              [](const WorldFactory& world) { return !world.starts_guests; }),
               worlds.end());
  return worlds;
}

std::string NameOfWorld(const testing::TestParamInfo<WorldFactory>& info) {
  return info.param.name;
}
INSTANTIATE_TEST_SUITE_P(Of, HypervisorContract, testing::ValuesIn(Worlds()), NameOfWorld);
INSTANTIATE_TEST_SUITE_P(Of, HypervisorContractRunning, testing::ValuesIn(WorldsThatStartGuests()),
                         NameOfWorld);

}  // namespace
}  // namespace berth
