// SPDX-License-Identifier: Apache-2.0
#include "drivers/libvirt/power.h"

namespace berth::libvirt {
namespace {

OffReason OffReasonFromEvent(int detail) {
  switch (detail) {
    case VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN:
      return OffReason::kGuestShutdown;
    case VIR_DOMAIN_EVENT_STOPPED_DESTROYED:
      return OffReason::kDestroyed;
    case VIR_DOMAIN_EVENT_STOPPED_CRASHED:
      return OffReason::kCrashed;
    case VIR_DOMAIN_EVENT_STOPPED_FAILED:
      return OffReason::kFailed;
    default:
      return OffReason::kUnknown;
  }
}

}  // namespace

Power PowerFrom(const DomainState& state) {
  switch (state.state) {
    case VIR_DOMAIN_RUNNING:
    case VIR_DOMAIN_BLOCKED:
    case VIR_DOMAIN_SHUTDOWN:
      return Power::kRunning;
    case VIR_DOMAIN_PAUSED:
    case VIR_DOMAIN_PMSUSPENDED:
    case VIR_DOMAIN_CRASHED:
      return Power::kPaused;
    default:
      return Power::kOff;
  }
}

bool IsCrashed(const DomainState& state) {
  if (state.state == VIR_DOMAIN_CRASHED) return true;
  return state.state == VIR_DOMAIN_PAUSED &&
         (state.reason == VIR_DOMAIN_PAUSED_WATCHDOG || state.reason == VIR_DOMAIN_PAUSED_CRASHED);
}

OffReason OffReasonFrom(const DomainState& state) {
  switch (state.reason) {
    case VIR_DOMAIN_SHUTOFF_SHUTDOWN:
      return OffReason::kGuestShutdown;
    case VIR_DOMAIN_SHUTOFF_DESTROYED:
      return OffReason::kDestroyed;
    case VIR_DOMAIN_SHUTOFF_CRASHED:
      return OffReason::kCrashed;
    case VIR_DOMAIN_SHUTOFF_FAILED:
      return OffReason::kFailed;
    default:
      return OffReason::kUnknown;
  }
}

std::optional<EventMeaning> MeaningOf(int event, int detail) {
  using Kind = GuestEvent::Kind;
  switch (event) {
    case VIR_DOMAIN_EVENT_DEFINED:
      return EventMeaning{Kind::kDefined};
    case VIR_DOMAIN_EVENT_UNDEFINED:
      return EventMeaning{Kind::kUndefined};
    case VIR_DOMAIN_EVENT_STARTED:
      return EventMeaning{Kind::kStarted};
    case VIR_DOMAIN_EVENT_SUSPENDED:
    case VIR_DOMAIN_EVENT_CRASHED:  // It is kept as it is, and stands still.
      return EventMeaning{Kind::kPaused};
    case VIR_DOMAIN_EVENT_RESUMED:
      return EventMeaning{Kind::kResumed};
    case VIR_DOMAIN_EVENT_STOPPED:
      return EventMeaning{Kind::kOff, OffReasonFromEvent(detail)};
    default:
      return std::nullopt;
  }
}

}  // namespace berth::libvirt
