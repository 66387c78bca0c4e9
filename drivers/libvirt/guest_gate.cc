// SPDX-License-Identifier: Apache-2.0
#include "drivers/libvirt/guest_gate.h"

#include "drivers/libvirt/calls.h"

namespace berth::libvirt {

bool GuestGate::MayGo(const Guest& guest, const Call& call) {
  if (guest.abandoned == 0) return true;
  return call.call_class == CallClass::kDestroy && !guest.destroy_abandoned;
}

GuestGate::Verdict GuestGate::Enter(const CallPtr& call) {
  if (call->guest.empty()) return Verdict::kGo;
  Guest& guest = guests_[call->guest];
  if (!MayGo(guest, *call)) return Verdict::kStuck;
  if (!guest.busy) {
    guest.busy = true;
    return Verdict::kGo;
  }
  const bool destroy = call->call_class == CallClass::kDestroy;
  if (!destroy && guest.waiting.size() >= kWaitingPerGuest) return Verdict::kFull;
  if (destroy) {
    guest.waiting.push_front(call);
  } else {
    guest.waiting.push_back(call);
  }
  return Verdict::kWait;
}

void GuestGate::Leave(const Call& call) {
  if (call.guest.empty()) return;
  guests_[call.guest].busy = false;
  ForgetIfIdle(call.guest);
}

std::vector<GuestGate::CallPtr> GuestGate::Abandon(const Call& call) {
  std::vector<CallPtr> refused;
  if (call.guest.empty()) return refused;
  Guest& guest = guests_[call.guest];
  guest.busy = false;
  ++guest.abandoned;
  if (call.call_class == CallClass::kDestroy) guest.destroy_abandoned = true;
  std::deque<CallPtr> kept;
  for (CallPtr& waiting : guest.waiting) {
    if (MayGo(guest, *waiting)) {
      kept.push_back(std::move(waiting));
    } else {
      refused.push_back(std::move(waiting));
    }
  }
  guest.waiting = std::move(kept);
  return refused;
}

void GuestGate::ComeBack(const Call& call) {
  if (call.guest.empty()) return;
  Guest& guest = guests_[call.guest];
  --guest.abandoned;
  if (call.call_class == CallClass::kDestroy) guest.destroy_abandoned = false;
  ForgetIfIdle(call.guest);
}

GuestGate::CallPtr GuestGate::Next(const std::string& name) {
  const auto found = guests_.find(name);
  if (found == guests_.end()) return nullptr;
  Guest& guest = found->second;
  if (guest.busy || guest.waiting.empty() || !MayGo(guest, *guest.waiting.front())) return nullptr;
  CallPtr call = std::move(guest.waiting.front());
  guest.waiting.pop_front();
  guest.busy = true;
  return call;
}

std::vector<GuestGate::CallPtr> GuestGate::TakeWaiting() {
  std::vector<CallPtr> taken;
  for (auto& [name, guest] : guests_) {
    taken.insert(taken.end(), guest.waiting.begin(), guest.waiting.end());
    guest.waiting.clear();
  }
  return taken;
}

std::vector<std::string> GuestGate::stuck() const {
  std::vector<std::string> names;
  for (const auto& [name, guest] : guests_)
    if (guest.abandoned > 0) names.push_back(name);
  return names;
}

void GuestGate::ForgetIfIdle(const std::string& name) {
  const auto found = guests_.find(name);
  if (found != guests_.end() && found->second.idle()) guests_.erase(found);
}

}  // namespace berth::libvirt
