// SPDX-License-Identifier: Apache-2.0
// What the contract says of trouble, on real libvirtd and QEMU: a guest whose process hangs, a
// daemon that is away, frozen or restarted, guests that end by themselves or by others' hands.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "core/base/error.h"
#include "core/base/reasons.h"
#include "tests/contract/hypervisor_qemu_world.h"

namespace berth {
namespace {

using Kind = GuestEvent::Kind;
using Program = QemuWorld::Program;

LibvirtOptions ShortDeadlines() {
  LibvirtOptions options = QemuWorld::Options();
  options.query_deadline = std::chrono::seconds(2);
  options.lifecycle_deadline = std::chrono::seconds(3);
  options.connect_deadline = std::chrono::seconds(2);
  options.keepalive_interval_s = 2;
  options.keepalive_count = 2;
  return options;
}

class HypervisorTrouble : public testing::Test {
 protected:
  // The first connection waits for libvirtd to find out what QEMU can do, for longer than these
  // deadlines.
  void SetUp() override { ASSERT_TRUE(world_.log().WaitForConnected(1)); }
  void TearDown() override {
    LibvirtdCtl("thaw");
    LibvirtdCtl("start");
    world_.log().WaitForConnected(1);
    for (const std::string& id : made_) {
      WaitUntil([&] { return Call().Destroy(id).ok(); });
      Call().Undefine(id).IgnoreError();
    }
  }

  Calling Call() { return Calling(world_.hypervisor()); }
  GuestSpec Made(const GuestSpec& spec) {
    made_.push_back(spec.instance_id);
    EXPECT_TRUE(Call().Define(spec).ok());
    return spec;
  }
  std::string Running(const GuestSpec& spec) {
    Made(spec);
    const Status started = Call().StartPaused(spec.instance_id);
    EXPECT_TRUE(started.ok()) << started;
    const Status resumed = Call().Resume(spec.instance_id);
    EXPECT_TRUE(resumed.ok()) << resumed;
    return spec.instance_id;
  }
  std::string Halting() { return Running(world_.NewBootingGuest(Program::kHalts)); }
  GuestState Inspected(const std::string& id) {
    const StatusOr<GuestState> guest = Call().Inspect(id);
    EXPECT_TRUE(guest.ok()) << guest.status();
    return guest.value_or(GuestState{});
  }
  // The pid is of a guest of this test.
  void Signal(const std::string& id, int signal) {
    const int64_t pid = Inspected(id).pid;
    ASSERT_GT(pid, 1);
    ASSERT_EQ(kill(static_cast<pid_t>(pid), signal), 0);
  }
  // The reason that came with the guest's kOff; nothing if it never came.
  std::optional<OffReason> OffReasonTold(const std::string& id) {
    std::optional<OffReason> reason;
    world_.log().WaitFor([&](const std::vector<GuestEvent>& events) {
      for (const GuestEvent& event : events)
        if (event.instance_id == id && event.kind == Kind::kOff) reason = event.off_reason;
      return reason.has_value();
    });
    return reason;
  }
  // Asks again until `holds`; false after 60 s.
  static bool WaitUntil(const std::function<bool()>& holds) {
    const SteadyTime deadline = SystemClock().Now() + std::chrono::seconds(60);
    while (!holds())
      if (SystemClock().Now() > deadline) return false;
    return true;
  }
  static Duration Since(SteadyTime start) {
    return std::chrono::duration_cast<Duration>(SystemClock().Now() - start);
  }

  QemuWorld world_{ShortDeadlines()};

 private:
  std::vector<std::string> made_;
};

TEST_F(HypervisorTrouble, GuestThatPowersItselfOffSaysSoOnItsConsoleAndInItsReason) {
  const GuestSpec spec = world_.NewBootingGuest(Program::kPowersOff);
  const std::string id = Running(spec);
  EXPECT_EQ(OffReasonTold(id), OffReason::kGuestShutdown);
  EXPECT_EQ(Inspected(id).off_reason, OffReason::kGuestShutdown);
  EXPECT_EQ(world_.ConsoleOf(spec), "berth\n");
}

TEST_F(HypervisorTrouble, ConsoleOfASecondBootIsAppended) {
  const GuestSpec spec = world_.NewBootingGuest(Program::kPowersOff);
  const std::string id = Running(spec);
  ASSERT_TRUE(WaitUntil([&] { return Inspected(id).power == Power::kOff; }));
  ASSERT_TRUE(Call().StartPaused(id).ok());
  ASSERT_TRUE(Call().Resume(id).ok());
  ASSERT_TRUE(WaitUntil([&] { return Inspected(id).power == Power::kOff; }));
  EXPECT_EQ(world_.ConsoleOf(spec), "berth\nberth\n");
}

TEST_F(HypervisorTrouble, ShutdownThatTheHostAskedForIsNoShutdownFromInside) {
  const std::string id = Halting();
  Signal(id, SIGTERM);
  EXPECT_EQ(OffReasonTold(id), OffReason::kUnknown);
  EXPECT_EQ(Inspected(id).off_reason, OffReason::kUnknown);
}

TEST_F(HypervisorTrouble, KilledProcessIsNoShutdownFromInside) {
  const std::string id = Halting();
  Signal(id, SIGKILL);
  EXPECT_EQ(OffReasonTold(id), OffReason::kFailed);
  EXPECT_EQ(Inspected(id).power, Power::kOff);
  EXPECT_EQ(Inspected(id).off_reason, OffReason::kCrashed);
}

TEST_F(HypervisorTrouble, AGuestThatIsUndefinedWhileItRunsIsStillToldToEnd) {
  const std::string id = Halting();
  ASSERT_EQ(std::system(("virsh -q undefine " + id).c_str()), 0);
  ASSERT_TRUE(world_.log().WaitFor([&](const std::vector<GuestEvent>& events) {
    return std::any_of(events.begin(), events.end(), [&](const GuestEvent& event) {
      return event.instance_id == id && event.kind == Kind::kUndefined;
    });
  }));
  ASSERT_EQ(std::system(("virsh -q destroy " + id).c_str()), 0);
  EXPECT_EQ(OffReasonTold(id), OffReason::kDestroyed);
}

TEST_F(HypervisorTrouble, AGuestThatIsGoneBeforeItsNewAgentKnowsItIsToldToEnd) {
  const std::string id = Halting();
  world_.RestartAgent();
  ASSERT_TRUE(world_.log().WaitForConnected(2));
  ASSERT_EQ(std::system(("virsh -q \"undefine " + id + "; destroy " + id + "\"").c_str()), 0);
  EXPECT_EQ(OffReasonTold(id), OffReason::kDestroyed);
}

TEST_F(HypervisorTrouble, MoreMemoryThanTheHostHasIsACapacityFailure) {
  GuestSpec spec = world_.NewGuest();
  spec.memory_mib = 16LL * 1024 * 1024;
  Made(spec);
  const Status status = Call().StartPaused(spec.instance_id);
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted) << status;
  EXPECT_EQ(ReasonOf(status), reasons::kInsufficientCapacity);
}

TEST_F(HypervisorTrouble, DefinitionThatLibvirtRefusesIsAnInvalidArgument) {
  GuestSpec spec = world_.NewGuest();
  spec.mac_address = "not a mac";
  const Status status = Call().Define(spec);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status;
}

TEST_F(HypervisorTrouble, MissingDiskIsAnInternalErrorAndNotAnAbsentDaemon) {
  GuestSpec spec = world_.NewBootingGuest(Program::kHalts);
  spec.disks[0].path = world_.directory() + "/gone.raw";
  Made(spec);
  EXPECT_EQ(Call().StartPaused(spec.instance_id).code(), StatusCode::kInternal);
}

TEST_F(HypervisorTrouble, ManagedSaveIsSeenAndRemovedAtTheNextStart) {
  const std::string id = Halting();
  ASSERT_EQ(std::system(("virsh -q managedsave " + id).c_str()), 0);
  EXPECT_TRUE(Inspected(id).managed_save);
  EXPECT_EQ(Inspected(id).off_reason, OffReason::kUnknown);
  ASSERT_TRUE(Call().StartPaused(id).ok());
  EXPECT_FALSE(Inspected(id).managed_save);
}

TEST_F(HypervisorTrouble, StuckGuestCostsOnlyItsOwnCalls) {
  const std::string stuck = Halting();
  const std::string healthy = Halting();
  Signal(stuck, SIGSTOP);

  const SteadyTime start = SystemClock().Now();
  const Status abandoned = Call().Reset(stuck);
  EXPECT_EQ(abandoned.code(), StatusCode::kDeadlineExceeded) << abandoned;
  EXPECT_EQ(ReasonOf(abandoned), reasons::kHypervisorTimeout);
  EXPECT_LT(Since(start), ShortDeadlines().lifecycle_deadline + std::chrono::seconds(1));
  EXPECT_THAT(world_.hypervisor().Health().stuck_guests, testing::ElementsAre(stuck));
  EXPECT_EQ(world_.hypervisor().Health().abandoned_calls, 1);

  const Status refused = Call().Reset(stuck);
  EXPECT_EQ(refused.code(), StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(refused), reasons::kGuestStuck);

  const SteadyTime others = SystemClock().Now();
  EXPECT_TRUE(Call().Reset(healthy).ok());
  EXPECT_TRUE(Call().List().ok());
  EXPECT_TRUE(Call().Destroy(healthy).ok());
  EXPECT_LT(Since(others), std::chrono::seconds(5));

  EXPECT_TRUE(Call().Destroy(stuck).ok());
  EXPECT_TRUE(WaitUntil([&] { return world_.hypervisor().Health().stuck_guests.empty(); }));
  EXPECT_EQ(world_.hypervisor().Health().abandoned_calls, 0);
  EXPECT_EQ(Inspected(stuck).power, Power::kOff);
}

TEST_F(HypervisorTrouble, AGuestThatHungForAWhileIsNotStuckForEver) {
  const std::string id = Halting();
  const auto pid = static_cast<pid_t>(Inspected(id).pid);
  ASSERT_EQ(kill(pid, SIGSTOP), 0);
  EXPECT_EQ(Call().Reset(id).code(), StatusCode::kDeadlineExceeded);
  ASSERT_EQ(kill(pid, SIGCONT), 0);
  EXPECT_TRUE(WaitUntil([&] { return world_.hypervisor().Health().stuck_guests.empty(); }));
  EXPECT_TRUE(Call().Reset(id).ok());
  EXPECT_EQ(Inspected(id).pid, pid);
}

TEST_F(HypervisorTrouble, FrozenDaemonIsNamedAndAnswersAgainWhenItThaws) {
  const std::string id = Halting();
  ASSERT_TRUE(LibvirtdCtl("freeze"));
  EXPECT_EQ(Call().Inspect(id).status().code(), StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(WaitUntil([&] { return !world_.hypervisor().Health().connected; }));
  EXPECT_NE(world_.hypervisor().Health().error, "");
  const SteadyTime start = SystemClock().Now();
  EXPECT_EQ(Call().List().status().code(), StatusCode::kUnavailable);
  EXPECT_LT(Since(start), std::chrono::seconds(1));
  ASSERT_TRUE(LibvirtdCtl("thaw"));
  EXPECT_TRUE(world_.log().WaitForConnected(2));
  EXPECT_TRUE(WaitUntil([&] { return Call().Inspect(id).ok(); }));
  EXPECT_TRUE(WaitUntil([&] { return world_.hypervisor().Health().abandoned_calls == 0; }));
  EXPECT_TRUE(world_.hypervisor().Health().connected);
}

TEST_F(HypervisorTrouble, RestartedDaemonLeavesGuestsAsTheyWere) {
  const std::string id = Halting();
  const GuestState before = Inspected(id);
  ASSERT_TRUE(LibvirtdCtl("kill"));
  EXPECT_TRUE(WaitUntil([&] { return !world_.hypervisor().Health().connected; }));
  const Status status = Call().Inspect(id).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(status), reasons::kHypervisorUnavailable);
  ASSERT_TRUE(LibvirtdCtl("start"));
  ASSERT_TRUE(world_.log().WaitForConnected(2));
  EXPECT_EQ(Inspected(id), before);
  EXPECT_TRUE(Call().Destroy(id).ok());
  EXPECT_EQ(OffReasonTold(id), OffReason::kDestroyed);
}

TEST_F(HypervisorTrouble, AgentThatStartsBeforeTheDaemonConnectsByItself) {
  ASSERT_TRUE(LibvirtdCtl("stop"));
  world_.RestartAgent();
  EXPECT_TRUE(WaitUntil([&] {
    return world_.hypervisor().Health().error.find("Failed to connect") != std::string::npos;
  }));
  const SteadyTime start = SystemClock().Now();
  EXPECT_EQ(Call().List().status().code(), StatusCode::kUnavailable);
  EXPECT_LT(Since(start), std::chrono::seconds(1));
  ASSERT_TRUE(LibvirtdCtl("start"));
  EXPECT_TRUE(WaitUntil([&] { return world_.hypervisor().Health().connected; }));
  EXPECT_TRUE(Call().List().ok());
}

TEST_F(HypervisorTrouble, AgentThatEndsWithACallInsideLibvirtEndsInTime) {
  const std::string id = Halting();
  const auto pid = static_cast<pid_t>(Inspected(id).pid);
  ASSERT_EQ(kill(pid, SIGSTOP), 0);
  EXPECT_EQ(Call().Reset(id).code(), StatusCode::kDeadlineExceeded);
  const SteadyTime start = SystemClock().Now();
  world_.RestartAgent();
  EXPECT_LT(Since(start), std::chrono::seconds(8));
  ASSERT_EQ(kill(pid, SIGCONT), 0);
  EXPECT_TRUE(WaitUntil([&] { return Call().Reset(id).ok(); }));
}

}  // namespace
}  // namespace berth
