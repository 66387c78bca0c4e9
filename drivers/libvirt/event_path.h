// SPDX-License-Identifier: Apache-2.0
// The way of an event: from libvirt's event loop, over the question whose guest it is, to the one
// who subscribed. Shared by the hypervisor and by connections that may outlive it for a while.
//
// Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/base/executor.h"
#include "core/base/mutex.h"
#include "drivers/hypervisor.h"
#include "drivers/libvirt/calls.h"
#include "drivers/libvirt/events.h"

namespace berth::libvirt {

class EventPath : public std::enable_shared_from_this<EventPath> {
 public:
  // `executor` outlives the last event. Questions go through `calls`, as any query.
  EventPath(std::string node_id, Executor& executor, std::weak_ptr<Calls> calls);

  // Once, before anything is told.
  void Subscribe(std::function<void(const GuestEvent&)> event, std::function<void()> connected);
  // Registers with a new connection; what comes from it goes down this path.
  Status Watch(Connection& connection);
  void TellConnected();
  // Waits for a subscriber's function that runs now; none is called afterwards. Not from one of
  // them.
  void Close();

  EventMemory& memory() { return memory_; }

 private:
  void Arrived(const DomainEvent& event);
  void AskWhose(const DomainEvent& event);
  void Tell(const DomainEvent& event);
  bool Enter() EXCLUDES(mutex_);
  void Leave() EXCLUDES(mutex_);

  const std::string node_id_;
  Executor& executor_;
  const std::weak_ptr<Calls> calls_;
  EventMemory memory_;
  std::function<void(const GuestEvent&)> event_ = [](const GuestEvent&) {};
  std::function<void()> connected_ = [] {};

  Mutex mutex_;
  CondVar left_;
  int inside_ GUARDED_BY(mutex_) = 0;
  bool closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace berth::libvirt
