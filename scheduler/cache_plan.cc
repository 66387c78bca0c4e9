// SPDX-License-Identifier: Apache-2.0
#include "scheduler/cache_plan.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace berth::placement {
namespace {

using Counts = std::array<uint16_t, kThreadsPerCoreMax + 1>;

struct Taken {
  int cores = 0;
  int threads = 0;
};

// The largest cores first, until they have `threads` free ones: the fewest cores there can be. Of
// equal ones a part core comes first, since taking from it breaks nothing.
Taken TakeLargest(const CacheStock& stock, int threads, bool parts, CachePlan* plan) {
  Taken taken;
  for (int size = stock.largest; size > 0 && taken.threads < threads; --size) {
    const auto i = static_cast<size_t>(size);
    const int wanted = (threads - taken.threads + size - 1) / size;
    const int part = parts ? std::min<int>(stock.part[i], wanted) : 0;
    const int whole = std::min<int>(stock.whole[i], wanted - part);
    plan->part[i] = static_cast<uint16_t>(part);
    plan->whole[i] = static_cast<uint16_t>(whole);
    taken.cores += part + whole;
    taken.threads += (part + whole) * size;
  }
  return taken;
}

bool HasPart(const CachePlan& plan, int largest) {
  for (int size = 1; size <= largest; ++size)
    if (plan.part[static_cast<size_t>(size)] > 0) return true;
  return false;
}

// Puts the largest part core in the place of the smallest whole one, if as many cores then still
// have `threads`: what is left over stays on a core that is broken already.
bool SwapInPart(const CacheStock& stock, int threads, Taken taken, CachePlan* plan) {
  int in = 0;
  for (int size = 1; size <= stock.largest; ++size)
    if (stock.part[static_cast<size_t>(size)] > 0) in = size;
  int out = 0;
  for (int size = stock.largest; size > 0; --size)
    if (plan->whole[static_cast<size_t>(size)] > 0) out = size;
  if (in == 0 || out == 0 || taken.threads - out + in < threads) return false;
  --plan->whole[static_cast<size_t>(out)];
  ++plan->part[static_cast<size_t>(in)];
  plan->trim = taken.threads - out + in - threads;
  return true;
}

// Whole cores of unlike sizes that have exactly `threads` in `cores` of them, the largest first.
bool ExactWhole(const CacheStock& stock, int size, int cores, int threads, Counts* whole) {
  if (cores == 0 || threads == 0) return cores == 0 && threads == 0;
  while (size > 0 && stock.whole[static_cast<size_t>(size)] == 0) --size;
  if (size == 0 || threads > cores * size) return false;
  const auto i = static_cast<size_t>(size);
  for (int n = std::min({static_cast<int>(stock.whole[i]), cores, threads / size}); n >= 0; --n) {
    (*whole)[i] = static_cast<uint16_t>(n);
    if (ExactWhole(stock, size - 1, cores - n, threads - n * size, whole)) return true;
  }
  (*whole)[i] = 0;
  return false;
}

bool UnlikeWholeCores(const CacheStock& stock) {
  int sizes = 0;
  for (int size = 1; size <= stock.largest; ++size)
    if (stock.whole[static_cast<size_t>(size)] > 0) ++sizes;
  return sizes > 1;
}

CachePlan PlanPrefer(const CacheStock& stock, int threads) {
  CachePlan plan;
  if (threads > stock.threads) return plan;
  const Taken taken = TakeLargest(stock, threads, /*parts=*/true, &plan);
  plan.trim = taken.threads - threads;
  ThreadCost broken = 0;
  if (plan.trim > 0 && !HasPart(plan, stock.largest) && !SwapInPart(stock, threads, taken, &plan)) {
    Counts exact{};
    if (UnlikeWholeCores(stock) && ExactWhole(stock, stock.largest, taken.cores, threads, &exact)) {
      plan.whole = exact;
      plan.trim = 0;
    } else {
      broken = kOneBroken;
    }
  }
  plan.price = {static_cast<ThreadCost>(taken.cores) * kOneCore + broken, threads};
  return plan;
}

// One vCPU per core: the smallest whole cores, since all of each is charged.
CachePlan PlanIsolate(const CacheStock& stock, int vcpus) {
  CachePlan plan;
  if (vcpus > stock.whole_cores) return plan;
  int left = vcpus;
  int charged = 0;
  for (int size = 1; size <= stock.largest && left > 0; ++size) {
    const auto i = static_cast<size_t>(size);
    const int cores = std::min<int>(stock.whole[i], left);
    plan.whole[i] = static_cast<uint16_t>(cores);
    left -= cores;
    charged += cores * size;
  }
  plan.price = {static_cast<ThreadCost>(vcpus) * kOneCore, charged};
  return plan;
}

CachePlan PlanRequire(const CacheStock& stock, int vcpus) {
  CachePlan plan;
  if (vcpus > stock.threads - stock.part_threads) return plan;
  const Taken taken = TakeLargest(stock, vcpus, /*parts=*/false, &plan);
  plan.price = {static_cast<ThreadCost>(taken.cores) * kOneCore, taken.threads};
  return plan;
}

// A thread beside those of `plan`: on a core that is broken already, else on the smallest whole
// one.
void AddEmulator(const CacheStock& stock, CachePlan* plan) {
  if (!plan->price.possible()) return;
  for (int size = 1; size <= stock.largest && plan->emulator_free == 0; ++size)
    if (stock.part[static_cast<size_t>(size)] > 0) plan->emulator_free = size;
  for (int size = 1; size <= stock.largest && plan->emulator_free == 0; ++size) {
    if (stock.whole[static_cast<size_t>(size)] <= plan->whole[static_cast<size_t>(size)]) continue;
    plan->emulator_free = size;
    plan->emulator_on_whole = true;
  }
  if (plan->emulator_free == 0) {
    plan->price = {};
    return;
  }
  const bool breaks = plan->emulator_on_whole && plan->emulator_free > 1;
  plan->price.cost += kOneCore + (breaks ? kOneBroken : 0);
  ++plan->price.charged;
}

// An isolated vCPU and the emulator change places, if that way the emulator has a core of one
// thread and breaks none; more is charged then.
void GiveEmulatorASingle(int most_charged, CachePlan* plan) {
  const int size = plan->emulator_free;
  if (!plan->emulator_on_whole || size < 2 || plan->whole[1] == 0 ||
      plan->price.charged + size - 1 > most_charged)
    return;
  --plan->whole[1];
  ++plan->whole[static_cast<size_t>(size)];
  plan->emulator_free = 1;
  plan->price.cost -= kOneBroken;
  plan->price.charged += size - 1;
}

// Whole cores of unlike sizes, as few as there can be when no more than need.most_charged threads
// may be charged.
CachePlan PlanRequireWithin(const CacheStock& stock, ThreadNeed need) {
  const int most = need.most_charged - (need.emulator ? 1 : 0);
  CacheStock one_less = stock;  // A core of one thread kept for the emulator, which breaks none.
  if (one_less.whole[1] > 0) --one_less.whole[1];
  for (int cores = 0; cores <= std::min(need.vcpus, stock.whole_cores); ++cores) {
    CachePlan best;
    for (int threads = std::min(most, cores * stock.largest); threads >= need.vcpus; --threads)
      for (const CacheStock* from : {&std::as_const(one_less), &stock}) {
        CachePlan plan;
        if (!ExactWhole(*from, from->largest, cores, threads, &plan.whole)) continue;
        plan.price = {static_cast<ThreadCost>(cores) * kOneCore, threads};
        if (need.emulator) AddEmulator(stock, &plan);
        if (plan.price.cost < best.price.cost) best = plan;
      }
    if (best.price.possible()) return best;
  }
  return {};
}

}  // namespace

CachePlan PlanCache(const CacheStock& stock, SmtPolicy policy, ThreadNeed need) {
  if (policy == SmtPolicy::kPrefer) return PlanPrefer(stock, need.vcpus + (need.emulator ? 1 : 0));
  CachePlan plan = policy == SmtPolicy::kRequire ? PlanRequire(stock, need.vcpus)
                                                 : PlanIsolate(stock, need.vcpus);
  if (need.emulator) AddEmulator(stock, &plan);
  if (policy == SmtPolicy::kIsolate) GiveEmulatorASingle(need.most_charged, &plan);
  if (!plan.price.possible() || plan.price.charged <= need.most_charged) return plan;
  // Isolated vCPUs are on the smallest cores already.
  if (policy == SmtPolicy::kIsolate) return {};
  return PlanRequireWithin(stock, need);
}

}  // namespace berth::placement
