// SPDX-License-Identifier: Apache-2.0
#include "agent/instance/registry.h"

#include <algorithm>
#include <utility>

namespace berth {

InstanceRegistry::InstanceRegistry(ActorDependencies dependencies)
    : dependencies_(std::move(dependencies)) {}

void InstanceRegistry::Wake(const std::string& instance_id) { ActorOf(instance_id)->Wake(); }

void InstanceRegistry::GuestChanged(const GuestEvent& event) {
  ActorOf(event.instance_id)->GuestChanged(event.kind);
}

void InstanceRegistry::GuestFound(const std::string& instance_id, const GuestObserved& observed,
                                  Basis basis) {
  ActorOf(instance_id)->GuestFound(observed, std::move(basis));
}

size_t InstanceRegistry::busy() const {
  MutexLock lock(mutex_);
  return static_cast<size_t>(std::count_if(actors_.begin(), actors_.end(),
                                           [](const auto& e) { return !e.second.expired(); }));
}

std::shared_ptr<InstanceActor> InstanceRegistry::ActorOf(const std::string& instance_id) {
  MutexLock lock(mutex_);
  std::weak_ptr<InstanceActor>& slot = actors_[instance_id];
  if (std::shared_ptr<InstanceActor> actor = slot.lock()) return actor;
  auto actor = std::make_shared<InstanceActor>(instance_id, dependencies_);
  slot = actor;
  if (actors_.size() > sweep_at_) Sweep();
  return actor;
}

// Amortised: runs again only when the map has doubled.
void InstanceRegistry::Sweep() {
  std::erase_if(actors_, [](const auto& entry) { return entry.second.expired(); });
  sweep_at_ = std::max<size_t>(64, 2 * actors_.size());
}

}  // namespace berth
