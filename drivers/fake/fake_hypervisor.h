// SPDX-License-Identifier: Apache-2.0
// A Hypervisor without a hypervisor, for simulation, unit tests and `berthd --hypervisor=fake`.
// Answers come through a handed-in Executor after a delay; faults are scripted (Inject) or drawn
// (FakeWeather).
//
// What it injects, and no more: a call refused with no effect; a call that took effect and is
// reported failed; a call that is never answered until its deadline, with or without effect; a
// guest that hangs; events late, lost or doubled; the daemon away. It never loses a guest or
// invents one: that would be a broken host, which FakeHost offers by name.
//
// Thread-safe, and deterministic over a SimExecutor with seeded Randoms. Tasks left on the executor
// when it is destroyed do nothing: what was in flight then took effect or did not, as after a
// crash.
#pragma once

#include <memory>
#include <string>

#include "core/base/clock.h"
#include "core/base/executor.h"
#include "core/base/random.h"
#include "drivers/fake/fake_fate.h"
#include "drivers/fake/fake_host.h"
#include "drivers/hypervisor.h"

namespace berth {

struct FakeHypervisorOptions {
  std::string node_id;
  std::string accel = "tcg";
  Duration deadline = std::chrono::seconds(30);
  Duration delay = Duration(0);  // Before the effect and the answer of each call.
  bool write_console = false;    // A line in console_log at each boot, where its directory exists.
  FakeWeather weather;
  std::shared_ptr<const std::vector<std::string>> cpu_models =
      std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"EPYC", "Nehalem"});
  Random* random = nullptr;  // Needed where the weather is not calm; outlives this.
};

class FakeHypervisor final : public Hypervisor {
 public:
  // `host` and `executor` outlive this.
  FakeHypervisor(FakeHost& host, Executor& executor, FakeHypervisorOptions options);
  ~FakeHypervisor() override;

  void Define(const GuestSpec& spec, Done done) override;
  void StartPaused(const std::string& id, Done done) override;
  void Resume(const std::string& id, Done done) override;
  void AskShutdown(const std::string& id, Done done) override;
  void AskReboot(const std::string& id, Done done) override;
  void Reset(const std::string& id, Done done) override;
  void InjectNmi(const std::string& id, Done done) override;
  void Dump(const std::string& id, const std::string& path, Done done) override;
  void Destroy(const std::string& id, Done done) override;
  void Undefine(const std::string& id, Done done) override;
  void Inspect(const std::string& id, DoneWith<GuestState> done) override;
  void List(DoneWith<std::vector<GuestState>> done) override;
  void Subscribe(std::function<void(const GuestEvent&)> sink,
                 std::function<void()> connected) override;
  HypervisorHealth Health() const override;

  // The next `fault.times` calls that match end so. Of several faults the first injected counts.
  void Inject(FakeFault fault);
  void SetWeather(FakeWeather weather);
  // The next `count` events are lost, or come twice.
  void LoseEvents(int count);
  void DoubleEvents(int count);
  // Away: calls answer UNAVAILABLE at once, those in flight at their end. Back: `connected` is
  // called.
  void SetDaemonUp(bool up);

 private:
  class State;
  void Submit(const char* call, const std::string& id, std::function<Status()> effect, Done done);

  std::shared_ptr<State> state_;
  int listener_ = 0;
};

}  // namespace berth
