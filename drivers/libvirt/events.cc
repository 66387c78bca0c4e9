// SPDX-License-Identifier: Apache-2.0
#include "drivers/libvirt/events.h"

#include <utility>

#include "core/base/ids.h"
#include "drivers/libvirt/power.h"

namespace berth::libvirt {
namespace {

using Sink = std::function<void(const DomainEvent&)>;

void Emit(virDomainPtr domain, DomainEvent event, void* opaque) {
  char uuid[VIR_UUID_STRING_BUFLEN] = {};
  const char* name = virDomainGetName(domain);
  if (name == nullptr || virDomainGetUUIDString(domain, uuid) != 0) return;
  event.instance_id = InstanceOf(name, uuid);
  if (!event.instance_id.empty()) (*static_cast<const Sink*>(opaque))(event);
}

int OnLifecycle(virConnectPtr, virDomainPtr domain, int event, int detail, void* opaque) {
  Emit(domain,
       {.instance_id = {}, .kind = DomainEvent::Kind::kLifecycle, .event = event, .detail = detail},
       opaque);
  return 0;
}

void OnReboot(virConnectPtr, virDomainPtr domain, void* opaque) {
  Emit(domain, {.instance_id = {}, .kind = DomainEvent::Kind::kReboot, .event = 0, .detail = 0},
       opaque);
}

void FreeSink(void* opaque) { delete static_cast<Sink*>(opaque); }

}  // namespace

std::string InstanceOf(const std::string& name, const std::string& uuid) {
  return IsInstanceId(name) && DomainUuid(name) == uuid ? name : "";
}

Status RegisterForEvents(Connection& connection, Sink sink) {
  BERTH_RETURN_IF_ERROR(connection.DomainEventRegisterAny(VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                                          VIR_DOMAIN_EVENT_CALLBACK(OnLifecycle),
                                                          new Sink(sink), FreeSink));
  return connection.DomainEventRegisterAny(VIR_DOMAIN_EVENT_ID_REBOOT,
                                           VIR_DOMAIN_EVENT_CALLBACK(OnReboot),
                                           new Sink(std::move(sink)), FreeSink);
}

std::optional<bool> EventMemory::IsOurs(const std::string& instance_id) const {
  MutexLock lock(mutex_);
  const auto found = ours_.find(instance_id);
  return found == ours_.end() ? std::nullopt : std::optional(found->second);
}

void EventMemory::SetOurs(const std::string& instance_id, bool ours) {
  MutexLock lock(mutex_);
  ours_[instance_id] = ours;
}

std::optional<GuestEvent> EventMemory::Translate(const DomainEvent& event) {
  MutexLock lock(mutex_);
  if (event.kind == DomainEvent::Kind::kReboot) {
    if (!rebooting_.insert(event.instance_id).second) return std::nullopt;
    return GuestEvent{event.instance_id, GuestEvent::Kind::kRebooted, OffReason::kUnknown};
  }
  if (event.event == VIR_DOMAIN_EVENT_SHUTDOWN && event.detail == VIR_DOMAIN_EVENT_SHUTDOWN_HOST)
    host_shut_down_.insert(event.instance_id);
  if (event.event == VIR_DOMAIN_EVENT_STARTED || event.event == VIR_DOMAIN_EVENT_UNDEFINED)
    host_shut_down_.erase(event.instance_id);
  if (event.event == VIR_DOMAIN_EVENT_UNDEFINED) ours_.erase(event.instance_id);
  const auto meaning = MeaningOf(event.event, event.detail);
  if (!meaning.has_value()) return std::nullopt;
  GuestEvent translated{event.instance_id, meaning->kind, meaning->off_reason};
  if (translated.off_reason == OffReason::kGuestShutdown &&
      host_shut_down_.count(event.instance_id) > 0)
    translated.off_reason = OffReason::kUnknown;
  return translated;
}

void EventMemory::RebootSettled(const std::string& instance_id) {
  MutexLock lock(mutex_);
  rebooting_.erase(instance_id);
}

void EventMemory::Amend(GuestState& guest) const {
  MutexLock lock(mutex_);
  if (guest.off_reason == OffReason::kGuestShutdown && host_shut_down_.count(guest.instance_id) > 0)
    guest.off_reason = OffReason::kUnknown;
}

}  // namespace berth::libvirt
