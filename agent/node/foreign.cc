// SPDX-License-Identifier: Apache-2.0
#include "agent/node/foreign.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace berth::node {
namespace {

using model::ForeignGuest;
using placement::HostSpec;

// `amount` in whole parts in proportion to the weights; what is left over goes to the largest
// remainders, the first ones where they are equal. All weights 0: everything to the first.
std::vector<int64_t> Deal(int64_t amount, const std::vector<int64_t>& weights) {
  std::vector<int64_t> parts(weights.size(), 0);
  const auto total = std::accumulate(weights.begin(), weights.end(), int64_t{0});
  if (parts.empty()) return parts;
  if (total == 0) {
    parts.front() = amount;
    return parts;
  }
  using Wide = __int128;
  std::vector<std::pair<int64_t, size_t>> remainders;
  int64_t left = amount;
  for (size_t i = 0; i < weights.size(); ++i) {
    parts[i] = static_cast<int64_t>(Wide{amount} * weights[i] / total);
    left -= parts[i];
    remainders.emplace_back(-static_cast<int64_t>(Wide{amount} * weights[i] % total), i);
  }
  std::sort(remainders.begin(), remainders.end());
  for (size_t i = 0; left > 0; ++i, --left) ++parts[remainders[i].second];
  return parts;
}

class Charging {
 public:
  Charging(const HostSpec& host, const ForeignGuest& guest) : host_(host), guest_(guest) {
    for (const placement::Node& node : host.nodes) {
      CpuSet cpus;
      for (const auto& core : node.cores)
        for (const int cpu : core) cpus.Add(cpu);
      cpus_.push_back(cpus);
      cells_.push_back({.node = node.id, .page_size_kib = guest.holds.page_size_kib});
    }
  }

  model::Placement Run() && {
    ChargeVcpus();
    ChargeMemory();
    model::Placement placement{.devices = guest_.holds.devices};
    for (model::PlacedCell& cell : cells_)
      if (cell.memory_mib > 0 || !cell.shared_vcpus.empty() || !cell.charged_cpus.empty())
        placement.cells.push_back(std::move(cell));
    return placement;
  }

 private:
  CpuSet Shared() const { return host_.shared_cpus.value_or(CpuSet()); }
  CpuSet Dedicated() const { return host_.dedicated_cpus.value_or(CpuSet()); }

  void ChargeVcpus() {
    std::vector<int> floating;
    for (int vcpu = 0; vcpu < guest_.vcpus; ++vcpu) {
      const auto& pins = guest_.holds.vcpu_pins;
      const auto index = static_cast<size_t>(vcpu);
      if (index >= pins.size() || pins[index].empty())
        floating.push_back(vcpu);
      else
        ChargePinned(vcpu, pins[index]);
    }
    std::vector<int64_t> weights;
    for (const CpuSet& cpus : cpus_) weights.push_back((cpus & Shared()).Count());
    const auto parts = Deal(static_cast<int64_t>(floating.size()), weights);
    size_t next = 0;
    for (size_t n = 0; n < parts.size(); ++n)
      for (int64_t i = 0; i < parts[n]; ++i) cells_[n].shared_vcpus.push_back(floating[next++]);
  }

  void ChargePinned(int vcpu, const CpuSet& pins) {
    if (!(pins & Shared()).empty()) {
      cells_[NodeWithMost(pins & Shared())].shared_vcpus.push_back(vcpu);
      return;
    }
    for (size_t n = 0; n < cpus_.size(); ++n)
      cells_[n].charged_cpus |= cpus_[n] & pins & Dedicated();
  }

  size_t NodeWithMost(const CpuSet& cpus) const {
    size_t best = 0;
    for (size_t n = 1; n < cpus_.size(); ++n)
      if ((cpus_[n] & cpus).Count() > (cpus_[best] & cpus).Count()) best = n;
    return best;
  }

  void ChargeMemory() {
    const auto parts = Deal(guest_.memory_mib, MemoryWeights());
    for (size_t n = 0; n < parts.size(); ++n) cells_[n].memory_mib = parts[n];
  }

  std::vector<int64_t> MemoryWeights() const {
    const auto& bound = guest_.holds.bound_nodes;
    const auto& resident = guest_.holds.resident_mib;
    std::vector<int64_t> sizes, weights;
    for (const placement::Node& node : host_.nodes) {
      sizes.push_back(node.memory_mib);
      const auto there = resident.find(node.id);
      if (!bound.empty())
        weights.push_back(std::count(bound.begin(), bound.end(), node.id) > 0 ? node.memory_mib
                                                                              : 0);
      else
        weights.push_back(there == resident.end() ? 0 : there->second);
    }
    const bool known = std::any_of(weights.begin(), weights.end(), [](int64_t w) { return w > 0; });
    return known ? weights : sizes;
  }

  const HostSpec& host_;
  const ForeignGuest& guest_;
  std::vector<CpuSet> cpus_;  // By node, as the cells.
  std::vector<model::PlacedCell> cells_;
};

model::Claim ClaimOf(const ForeignGuest& guest, const HostSpec& host) {
  model::Claim claim{.id = "of foreign guest " + (guest.uuid.empty() ? guest.name : guest.uuid),
                     .owner = model::ClaimOwner::kForeignGuest,
                     .owner_id = guest.uuid};
  claim.placement = Charging(host, guest).Run();
  for (const model::PlacedCell& cell : claim.placement.cells) {
    claim.held.vcpus += static_cast<int64_t>(cell.shared_vcpus.size());
    claim.held.dedicated_cpus += cell.charged_cpus.Count();
    if (cell.page_size_kib == model::kBasePageKib) claim.held.memory_mib += cell.memory_mib;
  }
  return claim;
}

}  // namespace

ForeignHoldings HoldingsOf(std::vector<ForeignGuest> guests, const HostSpec& host) {
  ForeignHoldings holdings;
  for (const ForeignGuest& guest : guests) {
    holdings.claims.push_back(ClaimOf(guest, host));
    holdings.held += holdings.claims.back().held;
  }
  holdings.guests = std::move(guests);
  return holdings;
}

}  // namespace berth::node
