// SPDX-License-Identifier: Apache-2.0
// Every busy instance's actor, by id. An actor carries an instance's operation forward: it runs the
// step that the ledger says is running, and feeds its outcome back (actor.h).
//
// Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "agent/instance/actor.h"
#include "core/base/mutex.h"

namespace berth {

class InstanceRegistry {
 public:
  // All references outlive this.
  explicit InstanceRegistry(ActorDependencies dependencies);

  // The ledger holds something new for this instance (an operation begun, a verb admitted): its
  // actor looks. Never waits; a repeat costs nothing.
  void Wake(const std::string& instance_id);
  // Something happened to the guest, as the hypervisor tells: the actor asks for the level.
  void GuestChanged(const GuestEvent& event);
  // What was found of the guest at start or by the timer; `basis` is the record from before the
  // hypervisor was asked. Nothing comes of it where the record has changed since.
  void GuestFound(const std::string& instance_id, const GuestObserved& observed, Basis basis);

  // Actors that have something outstanding now.
  size_t busy() const;

 private:
  std::shared_ptr<InstanceActor> ActorOf(const std::string& instance_id);
  void Sweep() REQUIRES(mutex_);

  const ActorDependencies dependencies_;
  mutable Mutex mutex_;
  // Weak: an actor with nothing outstanding holds nothing worth keeping, and is made anew when
  // needed.
  std::map<std::string, std::weak_ptr<InstanceActor>> actors_ GUARDED_BY(mutex_);
  size_t sweep_at_ GUARDED_BY(mutex_) = 64;
};

}  // namespace berth
