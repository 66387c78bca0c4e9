// SPDX-License-Identifier: Apache-2.0
// One life of a whole node, on one thread in virtual time, drawn from a seed: what clients ask,
// what goes wrong, the order of tasks, and after which task the agent dies. The same seed is the
// same life.
//
// Which kinds of trouble there are at all is drawn first (swarm style), so that each also meets a
// node that has no other.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/node/node_harness.h"
#include "tests/sim/checks.h"
#include "tests/sim/clients.h"
#include "tests/sim/follower.h"

namespace berth::sim {

struct Outcome {
  std::string fault;  // "": none was found.
  int64_t steps = 0;  // Tasks that were run.
  int64_t crashes = 0;
  std::vector<std::string> log;  // What had happened before the fault, oldest first.
};

class Simulation {
 public:
  // `seams`: what lies between the agent and its world (planted.h).
  Simulation(uint64_t seed, node::Seams seams);

  Outcome Run();

 private:
  struct Troubles {
    bool crashes, weather, ledger, storage, guests, daemon, images, reboots, long_times;
  };
  Troubles DrawTroubles();
  uint64_t Draw(uint64_t below) { return clients_.Draw(below); }
  bool Chance(bool of, uint64_t one_in) { return of && Draw(one_in) == 0; }

  void Act();
  void LongTime();
  void Trouble();
  void TroubleGuest();
  void CrashLoop(const std::string& id);
  void SwitchDaemon();
  void TroubleStorage();
  void TroubleImages();
  StorageFault BadImageCall();
  void TroubleLedger();
  void ChangeWeather();
  void Crash();
  void RebootHost();
  void Begin();
  // Runs what is due within `time`, checking after every task.
  void Pass(Duration time);
  void Step();
  bool Failed() const { return !outcome_.fault.empty(); }
  void Settle();
  void Note(const std::string& what);
  void TellFault();

  std::unique_ptr<Random> draw_;
  node::World world_;
  Checker checker_{world_};
  Clients clients_;
  Follower follower_{world_, checker_};
  const Troubles troubles_;
  int boots_ = 1;
  bool was_very_slow_ = false;      // One call longer than any operation may take is enough.
  bool died_ = false;               // The ledger fell silent: the agent is as good as dead.
  int64_t dies_in_ = -1;            // After so many tasks; -1: not by itself.
  std::vector<std::string> trail_;  // What the simulation itself did.
  Outcome outcome_;
};

}  // namespace berth::sim
