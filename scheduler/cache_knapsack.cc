// SPDX-License-Identifier: Apache-2.0
#include "scheduler/cache_knapsack.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "scheduler/cache_plan.h"

namespace berth::placement {
namespace {

ThreadPrice PriceOf(const CacheStock& cache, SmtPolicy policy, ThreadNeed need) {
  if (need.vcpus == 0 && !need.emulator)
    return need.most_charged < 0 ? ThreadPrice{} : ThreadPrice{0, 0};
  ThreadPrice price = PlanCache(cache, policy, need).price;
  if (price.possible()) price.cost += kOneCache;
  return price;
}

// From the last cache to the first, best_[cache][emulator][vcpus] is the cheapest way for that
// cache and the later ones. Only what the caches before can leave, and the later ones can take, is
// worked out.
class Knapsack {
 public:
  Knapsack(const std::vector<CacheStock>& caches, SmtPolicy policy, ThreadNeed need)
      : caches_(caches),
        policy_(policy),
        need_(need),
        kinds_(need.emulator ? 2 : 1),
        most_(caches.size() + 1),
        options_(caches.size()),
        best_((caches.size() + 1) * kinds_ * (static_cast<size_t>(need.vcpus) + 1)) {
    for (size_t i = caches.size(); i-- > 0;)
      most_[i] = std::min(need.vcpus, most_[i + 1] + caches[i].threads);
  }

  CacheShares Run() {
    At(caches_.size(), 0, 0) = {0, 0};
    int before = 0;
    std::vector<int> least;  // What the caches before must leave at least.
    for (const CacheStock& cache : caches_) {
      least.push_back(std::max(0, need_.vcpus - before));
      before += cache.threads;
    }
    for (size_t i = caches_.size(); i-- > 0;) Fill(i, least[i]);
    return Read();
  }

 private:
  struct Option {
    int vcpus = 0;
    size_t emulator = 0;
    ThreadPrice price;
  };

  ThreadPrice& At(size_t cache, size_t emulator, int vcpus) {
    return best_[(cache * kinds_ + emulator) * (static_cast<size_t>(need_.vcpus) + 1) +
                 static_cast<size_t>(vcpus)];
  }

  void AddOptions(size_t cache) {
    // Caches are mostly alike.
    if (cache + 1 < caches_.size() && caches_[cache] == caches_[cache + 1]) {
      options_[cache] = options_[cache + 1];
      return;
    }
    // The most first, so that among equals the lowest caches are filled.
    for (int x = std::min(need_.vcpus, caches_[cache].threads); x >= 0; --x)
      for (size_t e = 0; e < kinds_; ++e)
        if (const ThreadPrice price = PriceOf(caches_[cache], policy_, {x, e == 1});
            price.possible())
          options_[cache].push_back({x, e, price});
  }

  void Fill(size_t cache, int least) {
    AddOptions(cache);
    for (const Option& option : options_[cache])
      for (size_t e = option.emulator; e < kinds_; ++e)
        for (int x = std::max(option.vcpus, least);
             x <= std::min(need_.vcpus, option.vcpus + most_[cache + 1]); ++x) {
          const ThreadPrice& rest = At(cache + 1, e - option.emulator, x - option.vcpus);
          ThreadPrice& best = At(cache, e, x);
          if (!rest.possible() || rest.cost + option.price.cost >= best.cost) continue;
          best = {rest.cost + option.price.cost, rest.charged + option.price.charged};
        }
  }

  CacheShares Read() {
    CacheShares shares;
    size_t e = kinds_ - 1;
    int x = need_.vcpus;
    shares.price = At(0, e, x);
    if (!shares.price.possible()) return shares;
    shares.vcpus.assign(caches_.size(), 0);
    for (size_t i = 0; i < caches_.size(); ++i)
      for (const Option& option : options_[i]) {
        if (option.vcpus > x || option.emulator > e) continue;
        const ThreadPrice& rest = At(i + 1, e - option.emulator, x - option.vcpus);
        if (!rest.possible() || rest.cost + option.price.cost != At(i, e, x).cost) continue;
        shares.vcpus[i] = option.vcpus;
        if (option.emulator == 1) shares.emulator_cache = static_cast<int>(i);
        x -= option.vcpus;
        e -= option.emulator;
        break;
      }
    return shares;
  }

  const std::vector<CacheStock>& caches_;
  const SmtPolicy policy_;
  const ThreadNeed need_;
  const size_t kinds_;
  std::vector<int> most_;  // vCPUs that this cache and the later ones can take at most.
  std::vector<std::vector<Option>> options_;
  std::vector<ThreadPrice> best_;
};

// The same when how much is charged matters too, by what is seen on the way.
class FrugalKnapsack {
 public:
  FrugalKnapsack(const std::vector<CacheStock>& caches, SmtPolicy policy)
      : caches_(caches), policy_(policy) {}

  struct Best {
    ThreadPrice price;
    ThreadNeed here;  // What this cache gives; most_charged is what it does charge.
  };

  // For the caches from `cache` on.
  Best From(size_t cache, ThreadNeed need) {
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
    return seen_[key] = best;
  }

 private:
  // Every way for this cache, from the one that charges the most down.
  void Consider(size_t cache, ThreadNeed need, ThreadNeed here, Best* best) {
    here.most_charged = need.most_charged;
    while (true) {
      const ThreadPrice price = PriceOf(caches_[cache], policy_, here);
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

  const std::vector<CacheStock>& caches_;
  const SmtPolicy policy_;
  std::map<std::tuple<size_t, int, bool, int>, Best> seen_;
};

}  // namespace

CacheShares ShareOverCaches(const std::vector<CacheStock>& caches, SmtPolicy policy,
                            ThreadNeed need) {
  return Knapsack(caches, policy, need).Run();
}

CacheShares ShareFrugally(const std::vector<CacheStock>& caches, SmtPolicy policy,
                          ThreadNeed need) {
  FrugalKnapsack knapsack(caches, policy);
  CacheShares shares;
  shares.price = knapsack.From(0, need).price;
  if (!shares.price.possible()) return shares;
  for (size_t i = 0; i < caches.size(); ++i) {
    const ThreadNeed here = knapsack.From(i, need).here;
    shares.vcpus.push_back(here.vcpus);
    shares.most_charged.push_back(here.most_charged);
    if (here.emulator) shares.emulator_cache = static_cast<int>(i);
    need = {need.vcpus - here.vcpus, need.emulator && !here.emulator,
            need.most_charged - here.most_charged};
  }
  return shares;
}

}  // namespace berth::placement
