// SPDX-License-Identifier: Apache-2.0
// libvirt's states, reasons and events in the words of drivers/hypervisor.h. Pure functions.
#pragma once

#include <optional>

#include "drivers/hypervisor.h"
#include "drivers/libvirt/connection.h"

namespace berth::libvirt {

// Whether its kernel has panicked or its watchdog fired, and it was kept as it was then.
bool IsCrashed(const DomainState& state);

// A guest whose CPUs do not run for whatever reason (I/O error, crash kept for a look, suspend) is
// kPaused; one that is shutting down still runs.
Power PowerFrom(const DomainState& state);
// Of a domain that is off. What libvirt does not vouch for is kUnknown: saved, migrated, lost over
// a restart of the daemon.
OffReason OffReasonFrom(const DomainState& state);

// A lifecycle event (virDomainEventType and its detail); nothing for those that mean nothing to us.
struct EventMeaning {
  GuestEvent::Kind kind = GuestEvent::Kind::kOff;
  OffReason off_reason = OffReason::kUnknown;
  bool operator==(const EventMeaning&) const = default;
};
std::optional<EventMeaning> MeaningOf(int event, int detail);

}  // namespace berth::libvirt
