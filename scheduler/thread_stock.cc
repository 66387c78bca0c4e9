// SPDX-License-Identifier: Apache-2.0
#include "scheduler/thread_stock.h"

#include <algorithm>
#include <bit>

#include "scheduler/cache_knapsack.h"
#include "scheduler/cache_plan.h"

namespace berth::placement {
namespace {

// Both sides must bear it: the newcomer's wish, and the holder's where it is known.
bool MayShare(const CoreHolder& holder, const Request& request) {
  const bool same = holder.tenant == request.tenant;
  const auto bears = [same](CoreSharing wish) {
    return wish == CoreSharing::kAny || (wish == CoreSharing::kSameTenant && same);
  };
  return bears(request.core_sharing) && (!holder.core_sharing || bears(*holder.core_sharing));
}

bool MayUse(const CoreBook& core, const Request& request) {
  return core.free != 0 && std::all_of(core.holders.begin(), core.holders.end(),
                                       [&](const auto& h) { return MayShare(h, request); });
}

// Takes the lowest cores that a plan names, and from them the lowest threads.
class Picker {
 public:
  Picker(const Node& node, SmtPolicy policy, ThreadPick* pick)
      : node_(node), policy_(policy), pick_(pick) {}

  void Take(size_t core, const CoreBook& book, CachePlan* plan, int* vcpus, int* emulator) {
    const auto free = static_cast<size_t>(std::popcount(book.free));
    auto& left = book.whole() ? plan->whole : plan->part;
    if (left[free] > 0) {
      --left[free];
      TakeThreads(core, book, plan, vcpus, emulator);
    } else if (*emulator > 0 && plan->emulator_free == static_cast<int>(free) &&
               plan->emulator_on_whole == book.whole()) {
      *emulator = 0;
      TakeEmulator(node_.cores[core][static_cast<size_t>(std::countr_zero(book.free))]);
    }
  }

 private:
  void TakeEmulator(int cpu) {
    pick_->emulator = cpu;
    pick_->charged.Add(cpu);
  }

  void TakeThreads(size_t core, const CoreBook& book, CachePlan* plan, int* vcpus, int* emulator) {
    const bool all = policy_ != SmtPolicy::kPrefer;
    int keep = 0;
    // What a plan leaves over stays on a part core if it takes one, else on the last core.
    if (!all && plan->trim > 0 && (!book.whole() || LastWithoutPart(*plan)))
      keep = std::exchange(plan->trim, 0);
    const int most = policy_ == SmtPolicy::kIsolate ? 1 : kThreadsPerCoreMax;
    int pinned = 0;
    for (ThreadMask bits = book.free; bits != 0; bits &= bits - 1) {
      if (!all && std::popcount(bits) <= keep) break;
      const int cpu = node_.cores[core][static_cast<size_t>(std::countr_zero(bits))];
      if (*vcpus > 0 && pinned < most) {
        pick_->pins.push_back(cpu);
        --*vcpus;
        ++pinned;
      } else if (!all && *emulator > 0) {
        *emulator = 0;
        pick_->emulator = cpu;
      }
      pick_->charged.Add(cpu);
    }
  }

  // No part core is still to come, and no whole one either.
  static bool LastWithoutPart(const CachePlan& plan) {
    const auto none = [](const auto& counts) {
      return std::all_of(counts.begin(), counts.end(), [](uint16_t n) { return n == 0; });
    };
    return none(plan.part) && none(plan.whole);
  }

  const Node& node_;
  const SmtPolicy policy_;
  ThreadPick* pick_;
};

}  // namespace

ThreadStock::ThreadStock(const Host& host, size_t node, const Request& request)
    : host_(host), node_(node), request_(request) {
  caches_.resize(std::max<size_t>(1, host.spec().nodes[node].llcs.size()));
  for (const CoreBook& core : host.books()[node].cores)
    if (MayUse(core, request)) Count(core);
}

void ThreadStock::Count(const CoreBook& core) {
  CacheStock& cache = caches_[static_cast<size_t>(core.llc)];
  const int free = std::popcount(core.free);
  auto& counts = core.whole() ? cache.whole : cache.part;
  ++counts[static_cast<size_t>(free)];
  cache.largest = std::max(cache.largest, free);
  cache.threads += free;
  threads_ += free;
  if (core.whole()) {
    ++cache.whole_cores;
    whole_sizes_ |= uint64_t{1} << (free - 1);
  } else {
    cache.part_threads += free;
  }
}

int ThreadStock::MostVcpus(bool emulator) const {
  int most = 0;
  bool spare = false;  // A thread that no vCPU can have.
  int smallest = kThreadsPerCoreMax;
  for (const CacheStock& cache : caches_) {
    if (request_.smt_policy == SmtPolicy::kPrefer) most += cache.threads;
    if (request_.smt_policy == SmtPolicy::kRequire) most += cache.threads - cache.part_threads;
    if (request_.smt_policy == SmtPolicy::kIsolate) most += cache.whole_cores;
    spare = spare || (request_.smt_policy != SmtPolicy::kPrefer && cache.part_threads > 0);
    for (int size = cache.largest; size > 0; --size)
      if (cache.whole[static_cast<size_t>(size)] > 0) smallest = std::min(smallest, size);
  }
  if (!emulator || spare) return most;
  if (request_.smt_policy == SmtPolicy::kRequire) return most - smallest;
  return most - 1;
}

ThreadPrice ThreadStock::Price(ThreadNeed need) const {
  if (need.most_charged < 0) return {};
  if (need.vcpus == 0 && !need.emulator) return {0, 0};
  if (need.vcpus > threads_) return {};
  return Within(need).price;
}

CacheShares ThreadStock::Within(ThreadNeed need) const {
  CacheShares shares = ShareOut(need);
  if (!shares.price.possible() || shares.price.charged <= need.most_charged) return shares;
  // Under kPrefer there is no choice in how much is charged, nor is there with cores all alike: the
  // fewest cores are the fewest threads.
  if (request_.smt_policy == SmtPolicy::kPrefer || std::has_single_bit(whole_sizes_)) return {};
  return ShareFrugally(caches_, request_.smt_policy, need);
}

CacheShares ThreadStock::ShareOut(ThreadNeed need) const {
  // One cache is the fewest there can be, so the best single one, if any can, is the best of all.
  CacheShares best;
  for (size_t i = 0; i < caches_.size(); ++i) {
    const CacheStock& cache = caches_[i];
    if (need.vcpus + (need.emulator ? 1 : 0) > cache.threads) continue;
    const ThreadPrice price =
        PlanCache(cache, request_.smt_policy, {need.vcpus, need.emulator}).price;
    if (!price.possible() || price.cost + kOneCache >= best.price.cost) continue;
    best.price = {price.cost + kOneCache, price.charged};
    best.vcpus.assign(caches_.size(), 0);
    best.vcpus[i] = need.vcpus;
    best.emulator_cache = need.emulator ? static_cast<int>(i) : -1;
  }
  if (best.price.possible() || caches_.size() == 1) return best;
  need.most_charged = std::numeric_limits<int>::max();
  if (!last_ || last_->first != need)
    last_.emplace(need, ShareOverCaches(caches_, request_.smt_policy, need));
  return last_->second;
}

ThreadPick ThreadStock::Pick(ThreadNeed need) const {
  ThreadPick pick;
  if (need.vcpus == 0 && !need.emulator) return pick;
  const CacheShares shares = Within(need);
  const Node& node = host_.spec().nodes[node_];
  const auto& books = host_.books()[node_].cores;
  Picker picker(node, request_.smt_policy, &pick);
  for (size_t i = 0; i < caches_.size(); ++i) {
    int emulator = shares.emulator_cache == static_cast<int>(i) ? 1 : 0;
    int vcpus = shares.vcpus[i];
    if (vcpus == 0 && emulator == 0) continue;
    ThreadNeed of_cache{vcpus, emulator == 1};
    if (!shares.most_charged.empty()) of_cache.most_charged = shares.most_charged[i];
    CachePlan plan = PlanCache(caches_[i], request_.smt_policy, of_cache);
    for (size_t c = 0; c < books.size(); ++c)
      if (books[c].llc == static_cast<int>(i) && MayUse(books[c], request_))
        picker.Take(c, books[c], &plan, &vcpus, &emulator);
  }
  return pick;
}

}  // namespace berth::placement
