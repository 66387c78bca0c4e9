// SPDX-License-Identifier: Apache-2.0
#include "scheduler/thread_stock.h"

#include <algorithm>
#include <bit>
#include <map>
#include <optional>
#include <tuple>

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
    whole_sizes_ |= 1U << free;
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

ThreadStock::Shares ThreadStock::Within(ThreadNeed need) const {
  Shares shares = ShareOut(need);
  if (!shares.price.possible() || shares.price.charged <= need.most_charged) return shares;
  // Under kPrefer there is no choice in how much is charged, nor is there with cores all alike: the
  // fewest cores are the fewest threads.
  if (request_.smt_policy == SmtPolicy::kPrefer || std::has_single_bit(whole_sizes_)) return {};
  return FrugalShares(need);
}

ThreadStock::Shares ThreadStock::ShareOut(ThreadNeed need) const {
  // One cache is the fewest there can be, so the best single one, if any can, is the best of all.
  Shares best;
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
  return best.price.possible() || caches_.size() == 1 ? best : KnapsackOverCaches(need);
}

ThreadStock::Shares ThreadStock::KnapsackOverCaches(ThreadNeed need) const {
  // cheapest[i][e][x]: x vCPUs (and the emulator, if e) from the caches i and later.
  const auto width = static_cast<size_t>(need.vcpus) + 1;
  const size_t count = caches_.size();
  const size_t kinds = need.emulator ? 2 : 1;
  const auto price_of = [&](size_t cache, size_t x, size_t e) -> ThreadPrice {
    if (x == 0 && e == 0) return {0, 0};
    ThreadPrice price =
        PlanCache(caches_[cache], request_.smt_policy, {static_cast<int>(x), e == 1}).price;
    if (price.possible()) price.cost += kOneCache;
    return price;
  };
  std::vector<ThreadPrice> cheapest((count + 1) * kinds * width);
  const auto at = [&](size_t i, size_t e, size_t x) -> ThreadPrice& {
    return cheapest[(i * kinds + e) * width + x];
  };
  at(count, 0, 0) = {0, 0};
  struct Option {
    size_t vcpus, emulator;
    ThreadPrice price;
  };
  std::vector<std::vector<Option>> options(count);
  for (size_t i = count; i-- > 0;) {
    // The most first, so that among equals the lowest caches are filled.
    for (size_t x = std::min(width, static_cast<size_t>(caches_[i].threads) + 1); x-- > 0;)
      for (size_t e = 0; e < kinds; ++e)
        if (const ThreadPrice price = price_of(i, x, e); price.possible())
          options[i].push_back({x, e, price});
    for (const Option& option : options[i]) {
      for (size_t e = option.emulator; e < kinds; ++e) {
        for (size_t x = option.vcpus; x < width; ++x) {
          const ThreadPrice& rest = at(i + 1, e - option.emulator, x - option.vcpus);
          if (!rest.possible() || rest.cost + option.price.cost >= at(i, e, x).cost) continue;
          at(i, e, x) = {rest.cost + option.price.cost, rest.charged + option.price.charged};
        }
      }
    }
  }
  Shares shares;
  size_t e = kinds - 1;
  size_t x = width - 1;
  shares.price = at(0, e, x);
  if (!shares.price.possible()) return shares;
  shares.vcpus.assign(count, 0);
  for (size_t i = 0; i < count; ++i) {
    for (const Option& option : options[i]) {
      if (option.vcpus > x || option.emulator > e) continue;
      const ThreadPrice& rest = at(i + 1, e - option.emulator, x - option.vcpus);
      if (!rest.possible() || rest.cost + option.price.cost != at(i, e, x).cost) continue;
      shares.vcpus[i] = static_cast<int>(option.vcpus);
      if (option.emulator == 1) shares.emulator_cache = static_cast<int>(i);
      x -= option.vcpus;
      e -= option.emulator;
      break;
    }
  }
  return shares;
}

namespace {

// The best shares of the caches in turn, when how much they charge matters too.
class FrugalKnapsack {
 public:
  FrugalKnapsack(const std::vector<CacheStock>& caches, SmtPolicy policy)
      : caches_(caches), policy_(policy) {}

  struct Best {
    ThreadPrice price;
    ThreadNeed here;  // What this cache gives; most_charged is what it does charge.
  };

  // For the caches from `cache` on.
  const Best& From(size_t cache, ThreadNeed need) {
    const auto key = std::tuple(cache, need.vcpus, need.emulator, need.most_charged);
    if (const auto found = seen_.find(key); found != seen_.end()) return found->second;
    Best best;
    if (cache == caches_.size()) {
      if (need.vcpus == 0 && !need.emulator) best.price = {0, 0};
    } else {
      // The most first, so that among equals the lowest caches are filled.
      for (int vcpus = std::min(need.vcpus, caches_[cache].threads); vcpus >= 0; --vcpus)
        for (const bool emulator : {true, false})
          if (need.emulator || !emulator) Consider(cache, need, {vcpus, emulator}, &best);
    }
    return seen_.emplace(key, best).first->second;
  }

 private:
  // Every way for this cache, from the one that charges the most down.
  void Consider(size_t cache, ThreadNeed need, ThreadNeed here, Best* best) {
    here.most_charged = need.most_charged;
    while (true) {
      const ThreadPrice price = PriceOf(cache, here);
      if (!price.possible()) return;
      const ThreadPrice rest =
          From(cache + 1, {need.vcpus - here.vcpus, need.emulator && !here.emulator,
                           need.most_charged - price.charged})
              .price;
      here.most_charged = price.charged;
      if (rest.possible() && price.cost + rest.cost < best->price.cost)
        *best = {{price.cost + rest.cost, price.charged + rest.charged}, here};
      --here.most_charged;
    }
  }

  ThreadPrice PriceOf(size_t cache, ThreadNeed here) const {
    if (here.vcpus == 0 && !here.emulator) {
      if (here.most_charged < 0) return {};
      return {0, 0};
    }
    ThreadPrice price = PlanCache(caches_[cache], policy_, here).price;
    if (price.possible()) price.cost += kOneCache;
    return price;
  }

  const std::vector<CacheStock>& caches_;
  const SmtPolicy policy_;
  std::map<std::tuple<size_t, int, bool, int>, Best> seen_;
};

}  // namespace

ThreadStock::Shares ThreadStock::FrugalShares(ThreadNeed need) const {
  FrugalKnapsack knapsack(caches_, request_.smt_policy);
  Shares shares;
  shares.price = knapsack.From(0, need).price;
  if (!shares.price.possible()) return shares;
  for (size_t i = 0; i < caches_.size(); ++i) {
    const ThreadNeed here = knapsack.From(i, need).here;
    shares.vcpus.push_back(here.vcpus);
    shares.most_charged.push_back(here.most_charged);
    if (here.emulator) shares.emulator_cache = static_cast<int>(i);
    need = {need.vcpus - here.vcpus, need.emulator && !here.emulator,
            need.most_charged - here.most_charged};
  }
  return shares;
}

ThreadPick ThreadStock::Pick(ThreadNeed need) const {
  ThreadPick pick;
  if (need.vcpus == 0 && !need.emulator) return pick;
  const Shares shares = Within(need);
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
