// SPDX-License-Identifier: Apache-2.0
#include "scheduler/cell_share.h"

#include <algorithm>
#include <numeric>

namespace berth::placement {

CellShare::CellShare(const NodeOffer& offer, const Request& request, VcpuCounts vcpus)
    : offer_(offer), request_(request), all_vcpus_(vcpus.dedicated + vcpus.shared) {
  most_shared_ = static_cast<int>(std::min<int64_t>(vcpus.shared, offer.MostShared()));
  for (const bool first : {false, true}) {
    const bool emulator = first && request.emulator_policy == EmulatorPolicy::kIsolate;
    const size_t kind = first ? 1 : 0;
    int memory = 0;  // More vCPUs never need less memory, so the most is found by halving.
    int too_much = all_vcpus_ + 1;
    while (too_much - memory > 1) {
      const int middle = memory + (too_much - memory) / 2;
      (MemoryFor(middle, first) ? memory : too_much) = middle;
    }
    most_vcpus_[kind] = memory;
    const int most = std::min({vcpus.dedicated, offer.MostDedicated(emulator), memory});
    for (int d = 0; d <= most; ++d) prices_[kind].push_back(offer.Price({d, emulator}));
    most_dedicated_[kind] = most;
  }
}

std::optional<CellNeed> CellShare::MemoryInPages(int vcpus, bool first, int64_t page_kib) const {
  const int64_t unit_mib = page_kib >= 1024 ? page_kib / 1024 : 1;
  if (request_.memory_mib * 1024 % page_kib != 0 || (page_kib >= 1024 && page_kib % 1024 != 0))
    return std::nullopt;
  // By wide arithmetic: memory times vCPUs may pass 64 bits.
  const auto product = static_cast<__int128>(request_.memory_mib) * vcpus;
  const auto mib = static_cast<int64_t>((product + all_vcpus_ - 1) / all_vcpus_);
  CellNeed need{.memory_mib = (mib + unit_mib - 1) / unit_mib * unit_mib,
                .page_size = {PageSize::Kind::kExact, page_kib},
                .first = first};
  if (need.memory_mib * 1024 % page_kib != 0 || !offer_.PageFor(need)) return std::nullopt;
  return need;
}

std::optional<CellNeed> CellShare::MemoryFor(int vcpus, bool first) const {
  const PageSize& wish = request_.page_size;
  if (wish.kind == PageSize::Kind::kExact) return MemoryInPages(vcpus, first, wish.kib);
  if (wish.kind != PageSize::Kind::kSmall) {
    const std::vector<int64_t> sizes = offer_.PoolSizes();
    for (size_t i = sizes.size(); i-- > 0;)
      if (auto need = MemoryInPages(vcpus, first, sizes[i])) return need;
  }
  if (wish.kind == PageSize::Kind::kLarge) return std::nullopt;
  return MemoryInPages(vcpus, first, kBasePageKib);
}

bool CellShare::Useful() const {
  return std::min(most_vcpus_[0], 1) > 0 && (most_dedicated_[0] > 0 || most_shared_ > 0);
}

ThreadCost CellShare::Cost(int dedicated, int shared, bool first) const {
  const size_t kind = first ? 1 : 0;
  if (dedicated + shared == 0 || dedicated + shared > most_vcpus_[kind] ||
      dedicated > most_dedicated_[kind])
    return kImpossible;
  const ThreadPrice& price = prices_[kind][static_cast<size_t>(dedicated)];
  if (!price.possible()) return kImpossible;
  if (first && !offer_.OverheadFits(MemoryFor(dedicated + shared, first)->page_size.kib))
    return kImpossible;
  if (offer_.SharedFits(shared, price.charged)) return price.cost;
  const bool emulator = first && request_.emulator_policy == EmulatorPolicy::kIsolate;
  return offer_.PriceBeside(shared, {dedicated, emulator}).cost;
}

CellNeed CellShare::Need(int dedicated, int shared, bool first) const {
  CellNeed need = *MemoryFor(dedicated + shared, first);
  need.dedicated = dedicated;
  need.shared = shared;
  return need;
}

}  // namespace berth::placement
