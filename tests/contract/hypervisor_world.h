// SPDX-License-Identifier: Apache-2.0
// A host with a Hypervisor on it, for the contract suite: what a test needs besides the interface
// itself. One per version of the interface.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/ids.h"
#include "core/base/mutex.h"
#include "core/base/random.h"
#include "drivers/hypervisor.h"

namespace berth {

// Whatever a Hypervisor has told its subscriber.
class EventLog {
 public:
  void Add(const GuestEvent& event);
  void Connected();
  // Waits until `seen` holds of what was told so far; false after 20 s.
  bool WaitFor(const std::function<bool(const std::vector<GuestEvent>&)>& seen);
  bool WaitForConnected(int times);
  std::vector<GuestEvent> events();

 private:
  Mutex mutex_;
  CondVar changed_;
  std::vector<GuestEvent> events_ GUARDED_BY(mutex_);
  int connected_ GUARDED_BY(mutex_) = 0;
};

class HypervisorWorld {
 public:
  virtual ~HypervisorWorld() = default;
  virtual Hypervisor& hypervisor() = 0;
  // The agent ends and starts again: hypervisor() is a new one over the same host, subscribed to
  // log().
  virtual void RestartAgent() = 0;
  // A guest that someone else runs; its name.
  virtual std::string AddForeignGuest() = 0;
  // As its owner would; the guest is off.
  virtual void RemoveGuestOfAnotherNode(const std::string& id) = 0;
  EventLog& log() { return *log_; }

  // A small guest of an id of its own.
  GuestSpec NewGuest();

 protected:
  void Subscribe(Hypervisor& hypervisor);

  static constexpr char kNodeId[] = "0b1e5a3c-6f2d-4e57-9a80-1c2d3e4f5061";

 private:
  std::shared_ptr<EventLog> log_ = std::make_shared<EventLog>();
  std::unique_ptr<Random> random_ = MakeSystemRandom();
};

struct WorldFactory {
  std::string name;
  // False where StartPaused is not supported, and with it all that needs a guest that is on.
  bool starts_guests = true;
  std::function<std::unique_ptr<HypervisorWorld>()> make;
};
// Those that the test program was linked with.
std::vector<WorldFactory> Worlds();

// Runs a call and waits for its answer; DEADLINE_EXCEEDED with words of its own if none comes.
using Start = std::function<void(Hypervisor::Done)>;
Status Await(const Start& start);

// The calls, waited for.
class Calling {
 public:
  explicit Calling(Hypervisor& hypervisor) : hypervisor_(hypervisor) {}
  Status Define(const GuestSpec& spec);
  Status StartPaused(const std::string& id);
  Status Resume(const std::string& id);
  Status AskShutdown(const std::string& id);
  Status AskReboot(const std::string& id);
  Status Reset(const std::string& id);
  Status InjectNmi(const std::string& id);
  Status Destroy(const std::string& id);
  Status Undefine(const std::string& id);
  StatusOr<GuestState> Inspect(const std::string& id);
  StatusOr<std::vector<GuestState>> List();

 private:
  Hypervisor& hypervisor_;
};

}  // namespace berth
