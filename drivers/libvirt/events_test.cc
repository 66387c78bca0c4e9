// SPDX-License-Identifier: Apache-2.0
#include "drivers/libvirt/events.h"

#include <gtest/gtest.h>

#include "core/base/ids.h"
#include "drivers/libvirt/power.h"

namespace berth::libvirt {
namespace {

using Kind = GuestEvent::Kind;
constexpr char kId[] = "i-0123456789abcdef0";

DomainEvent Lifecycle(int event, int detail) {
  return {
      .instance_id = kId, .kind = DomainEvent::Kind::kLifecycle, .event = event, .detail = detail};
}

TEST(PowerTest, EveryStateOfLibvirtHasItsPower) {
  EXPECT_EQ(PowerFrom({VIR_DOMAIN_NOSTATE, 0}), Power::kOff);
  EXPECT_EQ(PowerFrom({VIR_DOMAIN_RUNNING, 0}), Power::kRunning);
  EXPECT_EQ(PowerFrom({VIR_DOMAIN_BLOCKED, 0}), Power::kRunning);
  EXPECT_EQ(PowerFrom({VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_IOERROR}), Power::kPaused);
  EXPECT_EQ(PowerFrom({VIR_DOMAIN_SHUTDOWN, 0}), Power::kRunning);
  EXPECT_EQ(PowerFrom({VIR_DOMAIN_SHUTOFF, 0}), Power::kOff);
  EXPECT_EQ(PowerFrom({VIR_DOMAIN_CRASHED, 0}), Power::kPaused);
  EXPECT_EQ(PowerFrom({VIR_DOMAIN_PMSUSPENDED, 0}), Power::kPaused);
}

TEST(PowerTest, OnlyWhatLibvirtVouchesForIsAReason) {
  for (int reason = 0; reason <= VIR_DOMAIN_SHUTOFF_DAEMON + 1; ++reason) {
    OffReason wanted = OffReason::kUnknown;
    if (reason == VIR_DOMAIN_SHUTOFF_SHUTDOWN) wanted = OffReason::kGuestShutdown;
    if (reason == VIR_DOMAIN_SHUTOFF_DESTROYED) wanted = OffReason::kDestroyed;
    if (reason == VIR_DOMAIN_SHUTOFF_CRASHED) wanted = OffReason::kCrashed;
    if (reason == VIR_DOMAIN_SHUTOFF_FAILED) wanted = OffReason::kFailed;
    EXPECT_EQ(OffReasonFrom({VIR_DOMAIN_SHUTOFF, reason}), wanted) << reason;
  }
}

TEST(PowerTest, LifecycleEventsHaveTheirMeaning) {
  EXPECT_EQ(MeaningOf(VIR_DOMAIN_EVENT_STARTED, 0), (EventMeaning{Kind::kStarted}));
  EXPECT_EQ(MeaningOf(VIR_DOMAIN_EVENT_SUSPENDED, 0), (EventMeaning{Kind::kPaused}));
  EXPECT_EQ(MeaningOf(VIR_DOMAIN_EVENT_RESUMED, 0), (EventMeaning{Kind::kResumed}));
  EXPECT_EQ(MeaningOf(VIR_DOMAIN_EVENT_DEFINED, 0), (EventMeaning{Kind::kDefined}));
  EXPECT_EQ(MeaningOf(VIR_DOMAIN_EVENT_UNDEFINED, 0), (EventMeaning{Kind::kUndefined}));
  EXPECT_EQ(MeaningOf(VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_CRASHED),
            (EventMeaning{Kind::kOff, OffReason::kCrashed}));
  EXPECT_EQ(MeaningOf(VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_SAVED),
            (EventMeaning{Kind::kOff, OffReason::kUnknown}));
  EXPECT_EQ(MeaningOf(VIR_DOMAIN_EVENT_SHUTDOWN, 0), std::nullopt);
  EXPECT_EQ(MeaningOf(12345, 0), std::nullopt);
}

TEST(EventsTest, DomainIsAnInstancesOnlyIfNameAndUuidAgree) {
  EXPECT_EQ(InstanceOf(kId, DomainUuid(kId)), kId);
  EXPECT_EQ(InstanceOf(kId, "12345678-1234-4123-8123-123456789abc"), "");
  EXPECT_EQ(InstanceOf("web", "12345678-1234-4123-8123-123456789abc"), "");
}

TEST(EventMemoryTest, ShutdownFromInsideIsProven) {
  EventMemory memory;
  EXPECT_EQ(memory.Translate(Lifecycle(VIR_DOMAIN_EVENT_SHUTDOWN, VIR_DOMAIN_EVENT_SHUTDOWN_GUEST)),
            std::nullopt);
  EXPECT_EQ(
      memory.Translate(Lifecycle(VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN)),
      (GuestEvent{kId, Kind::kOff, OffReason::kGuestShutdown}));
}

TEST(EventMemoryTest, ShutdownByTheHostIsNotUntilTheGuestStartsAgain) {
  EventMemory memory;
  memory.Translate(Lifecycle(VIR_DOMAIN_EVENT_SHUTDOWN, VIR_DOMAIN_EVENT_SHUTDOWN_HOST));
  const DomainEvent off = Lifecycle(VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN);
  EXPECT_EQ(memory.Translate(off), (GuestEvent{kId, Kind::kOff, OffReason::kUnknown}));
  GuestState guest;
  guest.instance_id = kId;
  guest.off_reason = OffReason::kGuestShutdown;
  memory.Amend(guest);
  EXPECT_EQ(guest.off_reason, OffReason::kUnknown);

  memory.Translate(Lifecycle(VIR_DOMAIN_EVENT_STARTED, 0));
  EXPECT_EQ(memory.Translate(off), (GuestEvent{kId, Kind::kOff, OffReason::kGuestShutdown}));
}

TEST(EventMemoryTest, TheResetsOfOneRebootAreOneReboot) {
  EventMemory memory;
  const DomainEvent reset{.instance_id = kId, .kind = DomainEvent::Kind::kReboot};
  const GuestEvent rebooted{kId, Kind::kRebooted, OffReason::kUnknown};
  EXPECT_EQ(memory.Translate(reset), rebooted);
  EXPECT_EQ(memory.Translate(reset), std::nullopt);
  EXPECT_EQ(memory.Translate(reset), std::nullopt);
  memory.RebootSettled(kId);
  EXPECT_EQ(memory.Translate(reset), rebooted);
}

TEST(EventMemoryTest, RebootIsToldAndUndefinedGuestsAreForgotten) {
  EventMemory memory;
  EXPECT_EQ(memory.IsOurs(kId), std::nullopt);
  memory.SetOurs(kId, true);
  EXPECT_EQ(memory.IsOurs(kId), true);
  const DomainEvent reboot{.instance_id = kId, .kind = DomainEvent::Kind::kReboot};
  EXPECT_EQ(memory.Translate(reboot), (GuestEvent{kId, Kind::kRebooted, OffReason::kUnknown}));
  memory.Translate(Lifecycle(VIR_DOMAIN_EVENT_UNDEFINED, 0));
  EXPECT_EQ(memory.IsOurs(kId), std::nullopt);
}

}  // namespace
}  // namespace berth::libvirt
