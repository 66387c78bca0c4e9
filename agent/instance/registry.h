// SPDX-License-Identifier: Apache-2.0
// Every live instance's actor, by id. An actor carries an instance's operation forward: it runs the
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

  // The ledger holds something new for this instance (an operation begun, a verb admitted): its actor
  // looks. Never waits; a repeat costs nothing.
  void Wake(const std::string& instance_id);
  // Something happened to the guest, as the hypervisor tells: the actor asks for the level.
  void GuestChanged(const std::string& instance_id);
  // What was found of the guest at start or by the timer.
  void GuestFound(const std::string& instance_id, const GuestObserved& observed);

  size_t size() const;

 private:
  std::shared_ptr<InstanceActor> ActorOf(const std::string& instance_id);

  ActorDependencies dependencies_;
  mutable Mutex mutex_;
  std::map<std::string, std::shared_ptr<InstanceActor>> actors_ GUARDED_BY(mutex_);
};

}  // namespace berth
