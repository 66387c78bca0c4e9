// SPDX-License-Identifier: Apache-2.0
#include "scheduler/node_offer.h"

#include <algorithm>

namespace berth::placement {

bool HasDedicated(const Request& request) {
  if (request.cpu_policy != CpuPolicy::kMixed) return request.cpu_policy == CpuPolicy::kDedicated;
  if (request.numa.kind != Numa::Kind::kExplicit) return !request.dedicated_vcpus.empty();
  return std::any_of(request.numa.explicit_cells.begin(), request.numa.explicit_cells.end(),
                     [](const GuestCell& cell) { return !cell.dedicated_vcpus.empty(); });
}

NodeOffer::NodeOffer(const Host& host, size_t node, const Request& request)
    : host_(host),
      book_(host.books()[node]),
      request_(request),
      node_(node),
      needs_smt_(request.smt_policy == SmtPolicy::kRequire && !host.has_smt()),
      threads_(host, node, request) {}

CellFit NodeOffer::Fit(const CellNeed& need) const {
  CellFit fit;
  const std::optional<int64_t> page = PageFor(need);
  if (!page) {
    fit.lack = need.page_size.kind == PageSize::Kind::kExact &&
                       need.memory_mib * 1024 % need.page_size.kib != 0
                   ? Lack::kPageSize
                   : Lack::kMemory;
    return fit;
  }
  fit.page_size_kib = *page;
  if (need.first && !OverheadFits(*page)) {
    fit.lack = Lack::kOverhead;
    return fit;
  }
  const bool emulator = need.first && request_.emulator_policy == EmulatorPolicy::kIsolate;
  if (need.dedicated > 0 && needs_smt_) {
    fit.lack = Lack::kDedicated;
    return fit;
  }
  const ThreadPrice price = threads_.Price({need.dedicated, emulator});
  if (!price.possible()) {
    const bool alone = emulator && threads_.Price({need.dedicated, false}).possible();
    fit.lack = alone ? Lack::kEmulator : Lack::kDedicated;
    return fit;
  }
  const ThreadPrice beside = PriceBeside(need.shared, {need.dedicated, emulator});
  fit.cost = beside.cost;
  if (!beside.possible()) fit.lack = Lack::kShared;
  return fit;
}

std::vector<Lack> NodeOffer::Lacks(const CellNeed& need) const {
  std::vector<Lack> lacks;
  const CellFit fit = Fit(need);
  if (fit.fits()) return lacks;
  const bool memory = fit.lack <= Lack::kOverhead;
  if (memory) lacks.push_back(fit.lack);
  const bool emulator = need.first && request_.emulator_policy == EmulatorPolicy::kIsolate;
  const ThreadPrice price = threads_.Price({need.dedicated, emulator});
  const bool threads = price.possible() && !(need.dedicated > 0 && needs_smt_);
  if (!threads) {
    const bool alone = emulator && threads_.Price({need.dedicated, false}).possible();
    lacks.push_back(alone ? Lack::kEmulator : Lack::kDedicated);
  }
  if (!SharedFits(need.shared, 0) ||
      (threads && !PriceBeside(need.shared, {need.dedicated, emulator}).possible()))
    lacks.push_back(Lack::kShared);
  return lacks;
}

ThreadPrice NodeOffer::PriceBeside(int64_t shared, ThreadNeed need) const {
  const ThreadPrice price = threads_.Price(need);
  if (!price.possible() || SharedFits(shared, price.charged)) return price;
  need.most_charged = MostCharged(shared);
  return threads_.Price(need);
}

ThreadPick NodeOffer::PickBeside(int64_t shared, ThreadNeed need) const {
  if (!SharedFits(shared, threads_.Price(need).charged)) need.most_charged = MostCharged(shared);
  return threads_.Pick(need);
}

int NodeOffer::MostCharged(int64_t shared) const {
  int fits = -1;
  int too_many = static_cast<int>(book_.shared_cpus) + 1;
  while (too_many - fits > 1) {
    const int middle = fits + (too_many - fits) / 2;
    (SharedFits(shared, middle) ? fits : too_many) = middle;
  }
  return fits;
}

std::optional<int64_t> NodeOffer::PageFor(const CellNeed& need) const {
  const PageSize::Kind kind = need.page_size.kind;
  const bool small = kind == PageSize::Kind::kSmall || kind == PageSize::Kind::kAny ||
                     (kind == PageSize::Kind::kExact && need.page_size.kib == kBasePageKib);
  for (size_t i = book_.pools.size(); i-- > 0 && kind != PageSize::Kind::kSmall;) {
    const PoolBook& pool = book_.pools[i];
    if (kind == PageSize::Kind::kExact && pool.size_kib != need.page_size.kib) continue;
    const int64_t kib = need.memory_mib * 1024;
    if (kib % pool.size_kib == 0 && kib / pool.size_kib <= std::max<int64_t>(0, pool.free))
      return pool.size_kib;
  }
  const int64_t overhead = need.first ? request_.overhead_mib : 0;
  if (small && SmallFits(need.memory_mib + overhead)) return kBasePageKib;
  return std::nullopt;
}

bool NodeOffer::SmallFits(int64_t memory_mib) const {
  if (memory_mib == 0) return true;
  return memory_mib <= book_.small_mib &&
         book_.small_used_mib + memory_mib <= book_.small_limit_mib;
}

bool NodeOffer::OverheadFits(int64_t page_size_kib) const {
  return page_size_kib == kBasePageKib || SmallFits(request_.overhead_mib);
}

bool NodeOffer::SharedFits(int64_t shared, int64_t charged) const {
  const int64_t lost = host_.sets_coincide() ? charged : 0;
  if (shared == 0 && lost == 0) return true;
  const int64_t cpus = book_.shared_cpus - lost;
  // CPUs that leave the shared ones must not leave an earlier guest wider than what remains.
  const int64_t widest = lost > 0 ? std::max(shared, book_.widest()) : shared;
  return widest <= cpus && book_.shared_vcpus_used + shared <= host_.SharedLimit(cpus);
}

int NodeOffer::MostDedicated(bool emulator) const {
  return needs_smt_ ? 0 : std::max(0, threads_.MostVcpus(emulator));
}

int64_t NodeOffer::MostShared() const {
  const int64_t left = host_.SharedLimit(book_.shared_cpus) - book_.shared_vcpus_used;
  return std::clamp<int64_t>(left, 0, std::max<int64_t>(0, book_.shared_cpus));
}

int64_t NodeOffer::FreeSmallMib() const {
  return std::clamp<int64_t>(book_.small_limit_mib - book_.small_used_mib, 0, book_.small_mib);
}

int64_t NodeOffer::SharedVcpusOver() const {
  return std::max<int64_t>(0, book_.shared_vcpus_used - host_.SharedLimit(book_.shared_cpus));
}

int64_t NodeOffer::SmallMibOver() const {
  return std::max<int64_t>(0, book_.small_used_mib - book_.small_limit_mib);
}

int64_t NodeOffer::FreePagesMib(int64_t size_kib) const {
  for (const PoolBook& pool : book_.pools)
    if (pool.size_kib == size_kib) return std::max<int64_t>(0, pool.free) * size_kib / 1024;
  return 0;
}

std::vector<int64_t> NodeOffer::PoolSizes() const {
  std::vector<int64_t> sizes;
  for (const PoolBook& pool : book_.pools) sizes.push_back(pool.size_kib);
  return sizes;
}

int64_t NodeOffer::Free() const {
  return HasDedicated(request_) ? threads_.threads() : MostShared();
}

}  // namespace berth::placement
