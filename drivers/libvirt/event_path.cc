// SPDX-License-Identifier: Apache-2.0
#include "drivers/libvirt/event_path.h"

#include <utility>

#include "core/base/ids.h"
#include "drivers/libvirt/guest_operations.h"

namespace berth::libvirt {
namespace {

// SeaBIOS on q35 resets the machine twice more, within a fifth of a second on a busy host. No guest
// comes up and goes down again in this time.
constexpr Duration kRebootSettles = std::chrono::seconds(2);

}  // namespace

EventPath::EventPath(std::string node_id, Executor& executor, std::weak_ptr<Calls> calls)
    : node_id_(std::move(node_id)), executor_(executor), calls_(std::move(calls)) {}

void EventPath::Subscribe(std::function<void(const GuestEvent&)> event,
                          std::function<void()> connected) {
  event_ = std::move(event);
  connected_ = std::move(connected);
}

Status EventPath::Watch(Connection& connection) {
  return RegisterForEvents(
      connection, [&executor = executor_, weak = weak_from_this()](const DomainEvent& event) {
        executor.Post([weak, event] {
          if (const auto self = weak.lock()) self->Arrived(event);
        });
      });
}

void EventPath::Arrived(const DomainEvent& event) {
  const std::optional<bool> ours = memory_.IsOurs(event.instance_id);
  if (!ours.has_value()) return AskWhose(event);
  if (*ours) return Tell(event);
  memory_.Translate(event);  // An undefined guest is forgotten, whosever it was.
}

// Of a guest that is gone by now nobody can say whose it was. It may have been ours (destroyed and
// undefined at a stroke, or undefined while it ran), so the hint is passed on.
void EventPath::AskWhose(const DomainEvent& event) {
  const auto calls = calls_.lock();
  if (calls == nullptr) return;
  Call call;
  call.call_class = CallClass::kQuery;
  call.doing = "asking whose " + event.instance_id + " is";
  call.run = [self = shared_from_this(), event](Connection& connection) -> Task {
    const StatusOr<bool> ours = IsOurs(connection, self->node_id_, DomainUuid(event.instance_id));
    if (ours.status().code() == StatusCode::kNotFound) return [self, event] { self->Tell(event); };
    if (!ours.ok()) return [] {};
    self->memory_.SetOurs(event.instance_id, *ours);
    return [self, event] { self->Arrived(event); };
  };
  call.fail = [](const Status&) {};
  calls->Submit(std::move(call));
}

void EventPath::Tell(const DomainEvent& event) {
  const std::optional<GuestEvent> guest_event = memory_.Translate(event);
  if (!guest_event.has_value()) return;
  if (guest_event->kind == GuestEvent::Kind::kRebooted)
    executor_.PostAfter(kRebootSettles, [weak = weak_from_this(), id = event.instance_id] {
      if (const auto self = weak.lock()) self->memory_.RebootSettled(id);
    });
  if (!Enter()) return;
  event_(*guest_event);
  Leave();
}

void EventPath::TellConnected() {
  if (!Enter()) return;
  connected_();
  Leave();
}

bool EventPath::Enter() {
  MutexLock lock(mutex_);
  if (closed_) return false;
  ++inside_;
  return true;
}

void EventPath::Leave() {
  MutexLock lock(mutex_);
  --inside_;
  left_.NotifyAll();
}

void EventPath::Close() {
  MutexLock lock(mutex_);
  closed_ = true;
  while (inside_ > 0) left_.Wait(mutex_);
}

}  // namespace berth::libvirt
