// SPDX-License-Identifier: Apache-2.0
// The machine under a FakeHypervisor: guests that exist only as values. It outlives the agent's
// side, so that a restarted agent (a second FakeHypervisor over the same host) finds its guests;
// with a state file it outlives the process too. Besides what an agent does, it takes what befalls
// guests by themselves or by others' hands.
//
// Thread-safe. Listeners are called without a lock, on the thread that made the change.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/mutex.h"
#include "core/base/status.h"
#include "drivers/hypervisor.h"

namespace berth {

// How a guest answers the power button.
enum class PowerButton { kShutsDown, kIgnored };

struct FakeGuest {
  GuestSpec spec;    // Empty but for instance_id where the guest is foreign.
  GuestState state;  // As List shows it.
  PowerButton power_button = PowerButton::kShutsDown;
  bool frozen = false;  // Its process does not answer: calls for it hang, except Destroy.
  int64_t boots = 0;    // Times it was started or reset.
  int64_t nmis = 0;     // Non-maskable interrupts it got.
  int64_t dumps = 0;    // Times its memory was kept.
  bool operator==(const FakeGuest&) const = default;
};

class FakeHost {
 public:
  // An event and the node that its guest belongs to.
  struct Happened {
    std::string node_id;
    GuestEvent event;
  };
  using Listener = std::function<void(const Happened&)>;

  FakeHost() = default;
  // Guests are read from `state_file`, if it exists, and written there at every change. DATA_LOSS:
  // it holds something else.
  static StatusOr<std::unique_ptr<FakeHost>> Open(std::string state_file);

  // What an agent does; the contract is that of drivers/hypervisor.h.
  Status Define(const GuestSpec& spec, const std::string& accel);
  Status StartPaused(const std::string& id);
  Status Resume(const std::string& id);
  Status AskShutdown(const std::string& id);
  Status AskReboot(const std::string& id);
  Status Reset(const std::string& id);
  Status InjectNmi(const std::string& id);
  Status Dump(const std::string& id);
  Status Destroy(const std::string& id);
  Status Undefine(const std::string& id);
  StatusOr<GuestState> Inspect(const std::string& id) const;
  std::vector<GuestState> List() const;
  bool IsFrozen(const std::string& id) const;

  // What befalls guests otherwise. Unknown ids are ignored.
  void PowerOff(const std::string& id, OffReason reason);  // From inside, a crash, an operator.
  void Crash(const std::string& id);                       // Its kernel panics.
  void Remove(const std::string& id);                      // Someone undefined it behind our back.
  void RebootMachine();                                    // Every guest off, for no known reason.
  void AddForeign(GuestState state);
  void SetPowerButton(const std::string& id, PowerButton answer);
  void SetFrozen(const std::string& id, bool frozen);
  // Memory for guests; StartPaused past it is RESOURCE_EXHAUSTED. Without limit at first.
  void SetMemoryMib(int64_t memory_mib);

  // For checkers: grows with every change of a guest; and all of it.
  int64_t changes() const;
  std::map<std::string, FakeGuest> Guests() const;

  // Calls `listener` for each event of a guest until Unlisten.
  int Listen(Listener listener);
  void Unlisten(int token);

 private:
  using Change = std::function<Status(FakeGuest&, std::vector<GuestEvent>&)>;
  // Runs `change` on the guest, saves, and tells the listeners. `unknown` is the answer for no
  // guest.
  Status Apply(const std::string& id, const Status& unknown, const Change& change) EXCLUDES(mutex_);
  Status Save() REQUIRES(mutex_);
  int64_t MemoryInUse() const REQUIRES(mutex_);
  void Tell(const std::string& node_id, const std::vector<GuestEvent>& events) EXCLUDES(mutex_);

  mutable Mutex mutex_;
  std::map<std::string, FakeGuest> guests_ GUARDED_BY(mutex_);  // By instance id, or foreign name.
  std::map<int, Listener> listeners_ GUARDED_BY(mutex_);
  int next_listener_ GUARDED_BY(mutex_) = 0;
  int64_t next_pid_ GUARDED_BY(mutex_) = 100000;
  int64_t changes_ GUARDED_BY(mutex_) = 0;
  int64_t memory_mib_ GUARDED_BY(mutex_) = INT64_MAX;
  std::string state_file_;
};

}  // namespace berth
