// SPDX-License-Identifier: Apache-2.0
// The free threads that one request may have on one node, and how to take some of them: first the
// fewest last-level caches, then the fewest cores, then the fewest broken cores (whole free ones of
// which only a part is taken), then the lowest ids. Exact, by counting cores of each size and a
// knapsack over the caches; threads are only looked at one by one when they are picked.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "scheduler/host.h"
#include "scheduler/request.h"

namespace berth::placement {

// (caches, cores, broken cores) as one number that adds up and compares in that order.
using ThreadCost = uint64_t;
inline constexpr ThreadCost kImpossible = std::numeric_limits<ThreadCost>::max();
inline constexpr ThreadCost kOneCache = ThreadCost{1} << 40;
inline constexpr ThreadCost kOneCore = ThreadCost{1} << 20;
inline constexpr ThreadCost kOneBroken = 1;

// What taking threads costs, and how many CPUs it charges.
struct ThreadPrice {
  ThreadCost cost = kImpossible;
  int charged = 0;
  bool possible() const { return cost != kImpossible; }
};

// Dedicated vCPUs on one node, and one thread more for the emulator if it is to be alone; at most
// `most_charged` CPUs in all.
struct ThreadNeed {
  int vcpus = 0;
  bool emulator = false;
  int most_charged = std::numeric_limits<int>::max();
  bool operator==(const ThreadNeed&) const = default;
};

struct ThreadPick {
  std::vector<int> pins;  // One CPU for each vCPU; siblings beside each other.
  CpuSet charged;
  int emulator = -1;  // CPU; -1 = none asked for.
};

// The cores of one cache, counted by free threads.
struct CacheStock {
  std::array<uint16_t, kThreadsPerCoreMax + 1> whole{};  // Whole free cores of that many threads.
  std::array<uint16_t, kThreadsPerCoreMax + 1> part{};   // Other cores with that many free.
  int largest = 0;                                       // The largest index in use.
  int threads = 0;                                       // Free ones, in all.
  int part_threads = 0;
  int whole_cores = 0;
  bool operator==(const CacheStock&) const = default;
};

// vCPUs taken from each cache, and which one hosts the emulator (-1: none).
struct CacheShares {
  std::vector<int> vcpus;
  std::vector<int> most_charged;  // Empty: no limit.
  int emulator_cache = -1;
  ThreadPrice price;
};

// Not thread-safe.
class ThreadStock {
 public:
  // The references outlive this.
  ThreadStock(const Host& host, size_t node, const Request& request);

  // Free threads that the request may have, under any SMT policy.
  int threads() const { return threads_; }
  // The most dedicated vCPUs that fit.
  int MostVcpus(bool emulator) const;
  // The cheapest way, if there is one.
  ThreadPrice Price(ThreadNeed need) const;
  // The way of that price. `need` is possible.
  ThreadPick Pick(ThreadNeed need) const;

 private:
  CacheShares Within(ThreadNeed need) const;
  // Without regard to most_charged.
  CacheShares ShareOut(ThreadNeed need) const;
  void Count(const CoreBook& core);

  const Host& host_;
  const size_t node_;
  const Request& request_;
  std::vector<CacheStock> caches_;
  int threads_ = 0;
  uint64_t whole_sizes_ = 0;  // Bit n - 1: there are whole cores of n threads, at most 64.
  // What ShareOverCaches last said, since what is picked has mostly just been priced.
  mutable std::optional<std::pair<ThreadNeed, CacheShares>> last_;
};

}  // namespace berth::placement
