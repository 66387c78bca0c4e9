// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/simulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "agent/instance/lifecycle.h"

namespace berth::sim {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr int64_t kStepsMax = 200000;  // Of one life: beyond it is a livelock.

}  // namespace

Simulation::Simulation(uint64_t seed, node::Seams seams)
    : draw_(MakeSeededRandom(seed ^ 0x5eed5eed)),
      world_(seed),
      clients_(world_, *draw_, 2 + static_cast<int>(draw_->Next() % 4)),
      troubles_(DrawTroubles()) {
  world_.seams = std::move(seams);
  if (Draw(2) == 0) world_.image_cache_bytes = 3 * FakeImageStore::kBytes;
  world_.file.died = [this] { died_ = true; };
  world_.Restart();
  Begin();
}

Simulation::Troubles Simulation::DrawTroubles() {
  const auto half = [this] { return Draw(2) == 0; };
  return {half(), half(), half(), half(), half(), half(), half(), half(), Draw(20) == 0};
}

Outcome Simulation::Run() {
  const uint64_t actions = 10 + Draw(40);
  for (uint64_t i = 0; i < actions && !Failed(); ++i) Act();
  if (!Failed()) Settle();
  if (Failed()) TellFault();
  return outcome_;
}

// The node's own log of events, and what befell it in between.
void Simulation::TellFault() {
  constexpr size_t kShown = 40;
  for (const model::Event& event : world_.file.events())
    outcome_.log.push_back(fmt::format("{} {:<20} {:<22} {}", event.time.time_since_epoch().count(),
                                       event.subject, event.type, event.message));
  outcome_.log.insert(outcome_.log.end(), trail_.begin(), trail_.end());
  std::sort(outcome_.log.begin(), outcome_.log.end());
  if (outcome_.log.size() > kShown)
    outcome_.log.erase(outcome_.log.begin(), outcome_.log.end() - kShown);
}

void Simulation::Note(const std::string& what) {
  trail_.push_back(fmt::format("{} - {}", world_.sim.WallNow().time_since_epoch().count(), what));
}

void Simulation::Begin() { follower_.Begin(); }

void Simulation::Act() {
  if (Draw(4) == 0)
    Trouble();
  else
    clients_.Ask();
  Pass(Duration(Draw(3) == 0 ? Draw(20000) : Draw(1500)));
  if (troubles_.long_times && Draw(15) == 0) LongTime();
}

// Records, answers and changes are kept for a while only.
void Simulation::LongTime() {
  const bool leaves = Draw(2) == 0;
  if (leaves) follower_.Leave();
  Pass(minutes(90));
  if (!leaves) return;
  clients_.Ask();
  Pass(minutes(3));
  follower_.Begin();
}

void Simulation::Trouble() {
  switch (Draw(9)) {
    case 0:
    case 1:
      if (troubles_.crashes) dies_in_ = static_cast<int64_t>(Draw(60));
      return;
    case 2:
      if (troubles_.weather) ChangeWeather();
      return;
    case 3:
      if (troubles_.ledger) TroubleLedger();
      return;
    case 4:
      if (troubles_.storage) TroubleStorage();
      return;
    case 5:
      if (troubles_.guests) TroubleGuest();
      return;
    case 6:
      if (troubles_.daemon) SwitchDaemon();
      return;
    case 7:
      if (troubles_.images) TroubleImages();
      return;
    default:
      if (Chance(troubles_.reboots, 3)) RebootHost();
      return;
  }
}

void Simulation::TroubleGuest() {
  const std::string id = clients_.AnyId();
  if (Draw(20) == 0) return CrashLoop(id);
  Note("somebody meddles with the guest of " + id);
  constexpr std::array kReasons = {OffReason::kUnknown, OffReason::kGuestShutdown,
                                   OffReason::kCrashed, OffReason::kDestroyed};
  switch (Draw(10)) {
    case 0:
      checker_.EndedByOthers(id);
      return world_.host.Remove(id);
    case 1:
      return world_.host.SetFrozen(id, Draw(2) == 0);
    case 2:
    case 3:
      return world_.host.SetPowerButton(
          id, Draw(2) == 0 ? PowerButton::kIgnored : PowerButton::kShutsDown);
    case 4: {
      // An operator starts what its owner has stopped.
      const auto record = world_.ledger().instances.Find(id);
      if (record == nullptr || record->state != model::InstanceState::kStopped ||
          record->intent != model::Intent::kStopped)
        return;
      checker_.StartedByOthers(id);
      if (world_.host.StartPaused(id).ok()) world_.host.Resume(id).IgnoreError();
      return;
    }
    case 5:
      world_.host.Reset(id).IgnoreError();
      return;
    case 6:
      checker_.EndedByOthers(id);
      return world_.host.Crash(id);
    case 7:
      checker_.DiskRemoved(id);
      return Draw(3) == 0 ? world_.storage.RestoreRootDisk(id) : world_.storage.RemoveRootDisk(id);
    default:
      checker_.EndedByOthers(id);
      return world_.host.PowerOff(id, kReasons[Draw(kReasons.size())]);
  }
}

// One that crashes at each boot: longer apart than the longest back-off, oftener than is allowed.
void Simulation::CrashLoop(const std::string& id) {
  Note(id + " crashes again and again");
  for (size_t crash = 0; crash < kRecoveriesMax + 2 && !Failed(); ++crash) {
    checker_.EndedByOthers(id);
    world_.host.Crash(id);
    Pass(kRecoveryBackOff * (2 << kRecoveriesMax));
  }
}

void Simulation::SwitchDaemon() {
  const bool up = Draw(2) == 0;
  Note(up ? "the hypervisor is there" : "the hypervisor is away");
  world_.agent->hypervisor.SetDaemonUp(up);
}

void Simulation::TroubleStorage() {
  constexpr std::array kCalls = {StorageCall::kCheckBoot, StorageCall::kCreateRootDisk,
                                 StorageCall::kCreateSeed, StorageCall::kDeleteInstance,
                                 StorageCall::kListInstances};
  constexpr std::array kCodes = {StatusCode::kInternal, StatusCode::kResourceExhausted,
                                 StatusCode::kUnavailable};
  const StatusCode code = kCodes[Draw(kCodes.size())];
  const bool very_slow = !was_very_slow_ && Draw(16) == 0;
  was_very_slow_ |= very_slow;
  const Duration delay = very_slow ? minutes(15) : Duration(Draw(2) == 0 ? 0 : Draw(5000));
  world_.storage.FailNext(
      kCalls[Draw(kCalls.size())],
      {.error = Status(code, "bad disk"), .takes_effect = Draw(2) == 0, .delay = delay});
}

void Simulation::TroubleImages() {
  switch (Draw(6)) {
    case 0: {  // As of a ledger that was lost.
      const std::string id = fmt::format("img-{:017x}", Draw(4) + 1);
      Note("a file of " + id + " appears");
      checker_.ImageFileAppeared(id);
      return world_.image_store.AddFile({id, /*published=*/Draw(2) == 0});
    }
    case 1: {
      const std::vector<ImageFile> files = world_.image_store.Files();
      if (files.empty()) return;
      const std::string& id = files[Draw(files.size())].image_id;
      Note("somebody removes the file of " + id);
      checker_.ImageFileRemoved(id);
      return world_.image_store.RemoveFile(id);
    }
    case 2:
      Note("images come and go well");
      return world_.image_store.SetWeather({});
    default:
      Note("images come and go badly");
      return world_.image_store.SetWeather([this](ImageCall) { return BadImageCall(); });
  }
}

StorageFault Simulation::BadImageCall() {
  StorageFault fault{.delay = Duration(Draw(2) == 0 ? 0 : Draw(5000))};
  if (Draw(3) != 0) return fault;
  constexpr std::array kCodes = {StatusCode::kInternal, StatusCode::kUnavailable,
                                 StatusCode::kResourceExhausted};
  fault.error = Status(kCodes[Draw(kCodes.size())], "bad disk");
  fault.takes_effect = Draw(2) == 0;
  return fault;
}

void Simulation::TroubleLedger() {
  constexpr std::array kFaults = {CommitFault::kFull, CommitFault::kUnavailable,
                                  CommitFault::kDieBefore, CommitFault::kDieAfter};
  Note("the next commit fails");
  world_.file.FailNextCommit(kFaults[Draw(kFaults.size())]);
}

void Simulation::ChangeWeather() {
  world_.weather = Draw(3) == 0 ? FakeWeather{}
                                : FakeWeather{.refused = 0.1,
                                              .done_but_failed = 0.1,
                                              .no_answer = 0.02,
                                              .event_lost = 0.2,
                                              .event_doubled = 0.2,
                                              .delay_max = Duration(700)};
  world_.agent->hypervisor.SetWeather(world_.weather);
  Note(world_.weather.refused > 0 ? "the hypervisor lies" : "the hypervisor is honest");
}

void Simulation::Crash() {
  Note("the agent dies");
  died_ = false;
  dies_in_ = -1;
  ++outcome_.crashes;
  world_.Restart();
  Begin();
}

void Simulation::RebootHost() {
  Note("the host reboots");
  world_.Crash();
  world_.host.RebootMachine();
  world_.boot_id = fmt::format("boot-{}", ++boots_);
  ++outcome_.crashes;
  died_ = false;
  dies_in_ = -1;
  world_.Start();
  Begin();
}

void Simulation::Pass(Duration time) {
  const SteadyTime end = world_.sim.Now() + time;
  while (!Failed() && world_.sim.RunOneBy(end)) Step();
}

void Simulation::Step() {
  ++outcome_.steps;
  if (dies_in_ > 0) --dies_in_;
  if (died_ || dies_in_ == 0) Crash();
  outcome_.fault = checker_.AfterStep();
  if (!Failed()) outcome_.fault = clients_.fault();
  if (!Failed()) outcome_.fault = follower_.fault();
  if (!Failed() && outcome_.steps > kStepsMax) outcome_.fault = "it goes on and on: a livelock";
}

void Simulation::Settle() {
  Note("nothing goes wrong any more");
  world_.file.FailNextCommit(CommitFault::kNone);
  world_.weather = {};
  world_.agent->hypervisor.SetWeather({});
  world_.agent->hypervisor.SetDaemonUp(true);
  world_.image_store.SetWeather({});
  for (const auto& [id, guest] : world_.host.Guests()) world_.host.SetFrozen(id, false);
  Pass(minutes(20));
  if (!Failed()) outcome_.fault = checker_.AtRest();
  if (!Failed()) outcome_.fault = follower_.AtRest();
}

}  // namespace berth::sim
