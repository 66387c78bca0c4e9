// SPDX-License-Identifier: Apache-2.0
// Who may call for which guest: at most one outstanding call per guest, and destroys alone for a
// guest that a call was abandoned on. Knows neither threads nor libvirt; calls.h drives it.
//
// Not thread-safe.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/status.h"

namespace berth::libvirt {

struct Call;

class GuestGate {
 public:
  using CallPtr = std::shared_ptr<Call>;

  enum class Verdict { kGo, kWait, kStuck, kFull };
  // What becomes of a new call. kGo: it is the guest's outstanding call now. kWait: kept here until
  // Next gives it back.
  Verdict Enter(const CallPtr& call);
  // The guest's outstanding call has been answered and did come back.
  void Leave(const Call& call);
  // The guest's outstanding call is abandoned: the guest is stuck. Returns the waiting calls that a
  // stuck guest is not sent.
  std::vector<CallPtr> Abandon(const Call& call);
  // An abandoned call came back.
  void ComeBack(const Call& call);
  // The next waiting call, made the outstanding one; null if none may go.
  CallPtr Next(const std::string& guest);
  // Takes out every waiting call.
  std::vector<CallPtr> TakeWaiting();

  std::vector<std::string> stuck() const;

 private:
  struct Guest {
    bool busy = false;
    int abandoned = 0;
    bool destroy_abandoned = false;
    std::deque<CallPtr> waiting;
    bool idle() const { return !busy && abandoned == 0 && waiting.empty(); }
  };
  static bool MayGo(const Guest& guest, const Call& call);
  void ForgetIfIdle(const std::string& guest);

  std::map<std::string, Guest> guests_;
};

// How many calls may wait for one guest.
inline constexpr size_t kWaitingPerGuest = 32;

}  // namespace berth::libvirt
