// SPDX-License-Identifier: Apache-2.0
// From libvirt's events to the GuestEvents of this node's guests. libvirt's callbacks run on the
// event loop, where nothing may block, so they only post; whose guest it is costs a call (the
// metadata), and is remembered from then on.
//
// Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "core/base/mutex.h"
#include "drivers/hypervisor.h"
#include "drivers/libvirt/connection.h"

namespace berth::libvirt {

// An event of some domain whose name and UUID say that it is an instance's, of whatever node.
struct DomainEvent {
  enum class Kind { kLifecycle, kReboot };
  std::string instance_id;
  Kind kind = Kind::kLifecycle;
  int event = 0;  // virDomainEventType; of kLifecycle.
  int detail = 0;
};

// Registers for all events of `connection` that matter here. `sink` is called on the event loop's
// thread and may only post.
Status RegisterForEvents(Connection& connection, std::function<void(const DomainEvent&)> sink);

// The instance whose domain has this name and UUID; "" if it is no instance's.
std::string InstanceOf(const std::string& name, const std::string& uuid);

// What is remembered of guests between events.
class EventMemory {
 public:
  // Whether a guest is this node's; nothing if not known yet.
  std::optional<bool> IsOurs(const std::string& instance_id) const EXCLUDES(mutex_);
  void SetOurs(const std::string& instance_id, bool ours) EXCLUDES(mutex_);

  // What `event` says to the agent, if anything. A shutdown that the host asked QEMU for (a signal,
  // as at host shutdown) is told from one from inside the guest only by an event of its own that
  // comes before the guest is off; after it, kOff has no proven reason. Of the resets that one
  // reboot is made of (the firmware adds two of its own) only the first says anything.
  std::optional<GuestEvent> Translate(const DomainEvent& event) EXCLUDES(mutex_);
  // The resets of a reboot have all come: the next one is a reboot again.
  void RebootSettled(const std::string& instance_id) EXCLUDES(mutex_);
  // Takes the proof from an off_reason that an earlier event refutes.
  void Amend(GuestState& guest) const EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_;
  std::map<std::string, bool> ours_ GUARDED_BY(mutex_);
  std::set<std::string> host_shut_down_ GUARDED_BY(mutex_);
  std::set<std::string> rebooting_ GUARDED_BY(mutex_);
};

}  // namespace berth::libvirt
