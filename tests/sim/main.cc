// SPDX-License-Identifier: Apache-2.0
// Lives of a whole node, one per seed.
//
//   berth_sim --seeds N [--from SEED] [--jobs N] [--all-probes]
//   berth_sim --planted [--seeds N]
//
// Ends with status 1 at the first seed whose life shows a fault, and says how to run it again. With
// --all-probes also if a rare path was never taken. With --planted, each known bug is put in, and
// it fails if one is not found within N seeds.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "core/base/mutex.h"
#include "core/base/probe.h"
#include "tests/sim/planted.h"
#include "tests/sim/simulation.h"

namespace berth::sim {
namespace {

struct Options {
  uint64_t seeds = 1000;
  uint64_t from = 1;
  unsigned jobs = 1;
  bool planted = false;
  bool all_probes = false;
};

struct Totals {
  std::atomic<uint64_t> next{0};
  std::atomic<uint64_t> done{0};
  std::atomic<int64_t> steps{0};
  std::atomic<int64_t> crashes{0};
  Mutex mutex;
  std::string fault GUARDED_BY(mutex);
};

void Work(const Options& options, Totals& totals) {
  for (;;) {
    const uint64_t index = totals.next.fetch_add(1);
    if (index >= options.seeds) return;
    const uint64_t seed = options.from + index;
    const Outcome outcome = Simulation(seed, {}).Run();
    totals.steps += outcome.steps;
    totals.crashes += outcome.crashes;
    ++totals.done;
    if (outcome.fault.empty()) continue;
    MutexLock lock(totals.mutex);
    for (const std::string& line : outcome.log) totals.fault += line + "\n";
    totals.fault +=
        fmt::format("seed {}, after {} steps: {}\nagain: tests/run sim --seeds 1 --from {}", seed,
                    outcome.steps, outcome.fault, seed);
    totals.next = options.seeds;
  }
}

// How many there are, and those that were never hit.
size_t CountProbes(std::vector<std::string>& missed) {
  size_t count = 0;
  for (const Probe* probe = Probe::First(); probe != nullptr; probe = probe->next(), ++count)
    if (probe->hits() == 0) missed.emplace_back(probe->name());
  return count;
}

int RunSeeds(const Options& options) {
  Totals totals;
  std::vector<std::thread> workers;
  for (unsigned i = 0; i < options.jobs; ++i) workers.emplace_back([&] { Work(options, totals); });
  for (std::thread& worker : workers) worker.join();
  std::vector<std::string> missed;
  const size_t probes = CountProbes(missed);
  MutexLock lock(totals.mutex);
  if (totals.fault.empty())
    for (const std::string& name : missed) fmt::print("never: {}\n", name);
  if (!totals.fault.empty()) fmt::print("{}\n", totals.fault);
  fmt::print("{} seeds, {} steps, {} crashes, {} of {} probes hit\n", totals.done.load(),
             totals.steps.load(), totals.crashes.load(), probes - missed.size(), probes);
  return totals.fault.empty() && (missed.empty() || !options.all_probes) ? 0 : 1;
}

int RunPlanted(const Options& options) {
  int missed = 0;
  for (const Planted& bug : PlantedBugs()) {
    std::string fault;
    uint64_t seed = options.from;
    for (; fault.empty() && seed < options.from + options.seeds; ++seed)
      fault = Simulation(seed, bug.seams).Run().fault;
    if (fault.empty()) ++missed;
    fmt::print("{}: {}\n", bug.name,
               fault.empty() ? "NOT FOUND" : fmt::format("seed {}: {}", seed - 1, fault));
    std::fflush(stdout);
  }
  fmt::print("{} planted bugs, {} not found\n", PlantedBugs().size(), missed);
  return missed == 0 ? 0 : 1;
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Simulates whole nodes, one life per seed");
  app.add_option("--seeds", options.seeds, "How many, or with --planted how many for each bug");
  app.add_option("--from", options.from, "The first of them");
  app.add_option("--jobs", options.jobs, "How many at a time")->check(CLI::Range(1U, 256U));
  app.add_flag("--planted", options.planted, "Put known bugs in, one by one: each must be found");
  app.add_flag("--all-probes", options.all_probes, "Every rare path must have been taken");
  CLI11_PARSE(app, argc, argv);
  return options.planted ? RunPlanted(options) : RunSeeds(options);
}

}  // namespace
}  // namespace berth::sim

int main(int argc, char** argv) { return berth::sim::Main(argc, argv); }
