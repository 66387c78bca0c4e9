// SPDX-License-Identifier: Apache-2.0
#include "drivers/fake/fake_host.h"

#include <fmt/format.h>

#include <utility>

#include "core/base/error.h"
#include "core/base/ids.h"
#include "core/base/reasons.h"
#include "drivers/fake/fake_state_file.h"

namespace berth {
namespace {

using Kind = GuestEvent::Kind;

Status Unknown(const std::string& id) {
  return Status(StatusCode::kNotFound, fmt::format("no guest {}", id));
}
Status Refused(const std::string& id, const char* why) {
  return Status(StatusCode::kFailedPrecondition, fmt::format("guest {} {}", id, why));
}

void TurnOff(FakeGuest& guest, OffReason reason, std::vector<GuestEvent>& events) {
  guest.state.power = Power::kOff;
  guest.state.off_reason = reason;
  guest.state.pid = 0;
  guest.state.crashed = false;
  guest.frozen = false;
  events.push_back({guest.state.instance_id, Kind::kOff, reason});
}

GuestState StateOf(const GuestSpec& spec, const std::string& accel) {
  GuestState state;
  state.name = spec.instance_id;
  state.instance_id = spec.instance_id;
  state.node_id = spec.node_id;
  state.generation = spec.generation;
  state.record_json = spec.record_json;
  state.vcpus = spec.vcpus;
  state.memory_mib = spec.memory_mib;
  state.accel = accel;
  state.uuid = DomainUuid(spec.instance_id);
  return state;
}

}  // namespace

StatusOr<std::unique_ptr<FakeHost>> FakeHost::Open(std::string state_file) {
  auto host = std::make_unique<FakeHost>();
  BERTH_ASSIGN_OR_RETURN(auto guests, ReadFakeGuests(state_file));
  MutexLock lock(host->mutex_);
  host->guests_ = std::move(guests);
  for (const auto& [id, guest] : host->guests_)
    host->next_pid_ = std::max(host->next_pid_, guest.state.pid + 1);
  host->state_file_ = std::move(state_file);
  return host;
}

Status FakeHost::Save() {
  ++changes_;
  return state_file_.empty() ? OkStatus() : WriteFakeGuests(state_file_, guests_);
}

void FakeHost::Tell(const std::string& node_id, const std::vector<GuestEvent>& events) {
  std::vector<Listener> listeners;
  {
    MutexLock lock(mutex_);
    for (const auto& [token, listener] : listeners_) listeners.push_back(listener);
  }
  for (const GuestEvent& event : events)
    for (const Listener& listener : listeners) listener({node_id, event});
}

Status FakeHost::Apply(const std::string& id, const Status& unknown, const Change& change) {
  std::vector<GuestEvent> events;
  std::string node_id;
  {
    MutexLock lock(mutex_);
    const auto found = guests_.find(id);
    if (found == guests_.end()) return unknown;
    node_id = found->second.state.node_id;
    BERTH_RETURN_IF_ERROR(change(found->second, events));
    if (!found->second.state.persistent && found->second.state.power == Power::kOff)
      guests_.erase(found);
    BERTH_RETURN_IF_ERROR(Save());
  }
  Tell(node_id, events);
  return OkStatus();
}

Status FakeHost::Define(const GuestSpec& spec, const std::string& accel) {
  {
    MutexLock lock(mutex_);
    FakeGuest& guest = guests_[spec.instance_id];
    if (!guest.state.node_id.empty() && guest.state.node_id != spec.node_id)
      return Refused(spec.instance_id, "is not of this node; it is not touched");
    const GuestState before = guest.state;
    guest.spec = spec;
    guest.state = StateOf(spec, accel);
    guest.state.power = before.power;
    guest.state.off_reason = before.off_reason;
    guest.state.pid = before.pid;
    BERTH_RETURN_IF_ERROR(Save());
  }
  Tell(spec.node_id, {{spec.instance_id, Kind::kDefined, OffReason::kUnknown}});
  return OkStatus();
}

int64_t FakeHost::MemoryInUse() const {
  int64_t sum = 0;
  for (const auto& [id, guest] : guests_)
    if (guest.state.power != Power::kOff) sum += guest.state.memory_mib;
  return sum;
}

Status FakeHost::StartPaused(const std::string& id) {
  return Apply(id, Unknown(id), [&](FakeGuest& guest, auto& events) NO_THREAD_SAFETY_ANALYSIS {
    if (guest.state.power != Power::kOff) return OkStatus();
    if (MemoryInUse() + guest.state.memory_mib > memory_mib_)
      return MakeError(StatusCode::kResourceExhausted, reasons::kInsufficientCapacity,
                       fmt::format("guest {}: cannot set up guest memory", id));
    guest.state.power = Power::kPaused;
    guest.state.off_reason = OffReason::kUnknown;
    guest.state.managed_save = false;
    guest.state.pid = next_pid_++;
    ++guest.boots;
    events.push_back({id, Kind::kStarted, OffReason::kUnknown});
    events.push_back({id, Kind::kPaused, OffReason::kUnknown});
    return OkStatus();
  });
}

Status FakeHost::Resume(const std::string& id) {
  return Apply(id, Refused(id, "is not there"), [&](FakeGuest& guest, auto& events) {
    if (guest.state.power == Power::kOff) return Refused(id, "is off");
    if (guest.state.power == Power::kRunning) return OkStatus();
    if (guest.state.crashed) return Refused(id, "has crashed");
    guest.state.power = Power::kRunning;
    events.push_back({id, Kind::kResumed, OffReason::kUnknown});
    return OkStatus();
  });
}

// A paused guest sees the button only when its CPUs run again.
Status FakeHost::AskShutdown(const std::string& id) {
  return Apply(id, OkStatus(), [&](FakeGuest& guest, auto& events) {
    if (guest.state.power == Power::kRunning && guest.power_button == PowerButton::kShutsDown)
      TurnOff(guest, OffReason::kGuestShutdown, events);
    return OkStatus();
  });
}

Status FakeHost::AskReboot(const std::string& id) {
  return Apply(id, Refused(id, "is not there"), [&](FakeGuest& guest, auto& events) {
    if (guest.state.power == Power::kOff) return Refused(id, "is off");
    if (guest.state.power == Power::kPaused || guest.power_button == PowerButton::kIgnored)
      return OkStatus();
    ++guest.boots;
    events.push_back({id, Kind::kRebooted, OffReason::kUnknown});
    return OkStatus();
  });
}

Status FakeHost::Reset(const std::string& id) {
  return Apply(id, Refused(id, "is not there"), [&](FakeGuest& guest, auto& events) {
    if (guest.state.power == Power::kOff) return Refused(id, "is off");
    if (guest.state.crashed) return Refused(id, "has crashed");
    ++guest.boots;
    events.push_back({id, Kind::kRebooted, OffReason::kUnknown});
    return OkStatus();
  });
}

Status FakeHost::InjectNmi(const std::string& id) {
  return Apply(id, Refused(id, "is not there"), [&](FakeGuest& guest, auto&) {
    if (guest.state.power == Power::kOff) return Refused(id, "is off");
    ++guest.nmis;
    return OkStatus();
  });
}

Status FakeHost::Dump(const std::string& id) {
  return Apply(id, Refused(id, "is not there"), [&](FakeGuest& guest, auto&) {
    if (guest.state.power == Power::kOff) return Refused(id, "is off");
    ++guest.dumps;
    return OkStatus();
  });
}

Status FakeHost::Destroy(const std::string& id) {
  return Apply(id, OkStatus(), [&](FakeGuest& guest, auto& events) {
    if (guest.state.power != Power::kOff) TurnOff(guest, OffReason::kDestroyed, events);
    return OkStatus();
  });
}

Status FakeHost::Undefine(const std::string& id) {
  std::string node_id;
  {
    MutexLock lock(mutex_);
    const auto found = guests_.find(id);
    if (found == guests_.end()) return OkStatus();
    if (found->second.state.power != Power::kOff) return Refused(id, "is not off");
    node_id = found->second.state.node_id;
    guests_.erase(found);
    BERTH_RETURN_IF_ERROR(Save());
  }
  Tell(node_id, {{id, Kind::kUndefined, OffReason::kUnknown}});
  return OkStatus();
}

StatusOr<GuestState> FakeHost::Inspect(const std::string& id) const {
  MutexLock lock(mutex_);
  const auto found = guests_.find(id);
  if (found == guests_.end()) return Unknown(id);
  return found->second.state;
}

std::vector<GuestState> FakeHost::List() const {
  MutexLock lock(mutex_);
  std::vector<GuestState> states;
  for (const auto& [id, guest] : guests_) states.push_back(guest.state);
  return states;
}

bool FakeHost::IsFrozen(const std::string& id) const {
  MutexLock lock(mutex_);
  const auto found = guests_.find(id);
  return found != guests_.end() && found->second.frozen;
}

void FakeHost::Crash(const std::string& id) {
  Apply(id, OkStatus(), [&](FakeGuest& guest, auto& events) {
    if (guest.state.power != Power::kRunning) return OkStatus();
    guest.state.power = Power::kPaused;
    guest.state.crashed = true;
    events.push_back({id, Kind::kPaused, OffReason::kUnknown});
    return OkStatus();
  }).IgnoreError();
}

void FakeHost::PowerOff(const std::string& id, OffReason reason) {
  (void)Apply(id, OkStatus(), [&](FakeGuest& guest, auto& events) {
    if (guest.state.power != Power::kOff) TurnOff(guest, reason, events);
    return OkStatus();
  });
}

void FakeHost::Remove(const std::string& id) {
  PowerOff(id, OffReason::kDestroyed);
  (void)Undefine(id);
}

void FakeHost::RebootMachine() {
  MutexLock lock(mutex_);
  for (auto& [id, guest] : guests_) {
    std::vector<GuestEvent> untold;  // No one was there to see.
    if (guest.state.power != Power::kOff) TurnOff(guest, OffReason::kUnknown, untold);
  }
  (void)Save();
}

void FakeHost::AddForeign(GuestState state) {
  MutexLock lock(mutex_);
  FakeGuest& guest = guests_[state.instance_id.empty() ? state.name : state.instance_id];
  guest.spec.instance_id = state.instance_id;
  guest.state = std::move(state);
  (void)Save();
}

void FakeHost::SetPowerButton(const std::string& id, PowerButton answer) {
  (void)Apply(id, OkStatus(), [&](FakeGuest& guest, auto&) {
    guest.power_button = answer;
    return OkStatus();
  });
}

void FakeHost::SetFrozen(const std::string& id, bool frozen) {
  (void)Apply(id, OkStatus(), [&](FakeGuest& guest, auto&) {
    guest.frozen = frozen;
    return OkStatus();
  });
}

void FakeHost::SetMemoryMib(int64_t memory_mib) {
  MutexLock lock(mutex_);
  memory_mib_ = memory_mib;
}

std::map<std::string, FakeGuest> FakeHost::Guests() const {
  MutexLock lock(mutex_);
  return guests_;
}

int64_t FakeHost::changes() const {
  MutexLock lock(mutex_);
  return changes_;
}

int FakeHost::Listen(Listener listener) {
  MutexLock lock(mutex_);
  listeners_[next_listener_] = std::move(listener);
  return next_listener_++;
}

void FakeHost::Unlisten(int token) {
  MutexLock lock(mutex_);
  listeners_.erase(token);
}

}  // namespace berth
