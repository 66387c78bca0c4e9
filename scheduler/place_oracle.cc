// SPDX-License-Identifier: Apache-2.0
#include "scheduler/place_oracle.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <map>
#include <set>
#include <tuple>

namespace berth::placement {
namespace {

using Bits = uint32_t;  // Threads of one node, in the order of its cores.

struct Amount {
  int dedicated = 0;
  int shared = 0;
};

struct Cost {
  int caches = 0;
  int cores = 0;
  int broken = 0;
  auto operator<=>(const Cost&) const = default;  // NOLINT(modernize-use-nullptr)
};

Cost operator+(const Cost& a, const Cost& b) {
  return {a.caches + b.caches, a.cores + b.cores, a.broken + b.broken};
}

// One node as the request sees it.
struct Field {
  std::vector<Bits> cores;  // The threads of each core.
  std::vector<Bits> caches;
  Bits free = 0;            // Dedicated threads that the request may have.
  std::vector<bool> whole;  // Every thread of the core is free.
  int shared_cpus = 0;      // Before this request.
  int shared_used = 0;
  int widest = 0;
  int64_t small_mib = 0;
  int64_t small_limit_mib = 0;
  int64_t small_used_mib = 0;
  std::vector<std::pair<int64_t, int64_t>> pools;  // Size in KiB, free pages.
};

class Oracle {
 public:
  Oracle(const HostSpec& spec, const Request& request) : spec_(spec), request_(request) {
    for (const Node& node : spec.nodes) fields_.push_back(FieldOf(node));
    for (const Node& node : spec.nodes)
      for (const auto& core : node.cores) has_smt_ = has_smt_ || core.size() > 1;
  }

  std::optional<OracleRank> Answer() {
    switch (request_.numa.kind) {
      case Numa::Kind::kExplicit:
        return Cells(request_.numa.explicit_cells);
      case Numa::Kind::kEqual:
        return Equal(request_.numa.cells);
      case Numa::Kind::kAuto:
        break;
    }
    const int most = std::min<int>(static_cast<int>(spec_.nodes.size()), request_.vcpus);
    for (int cells = 1; cells <= most; ++cells)
      if (auto answer = cells == 1 ? Equal(1) : AutoSplit(cells)) return answer;
    return std::nullopt;
  }

  OracleRank Look(const Placement& placement) const {
    std::vector<size_t> on;
    Cost sum;
    int unevenness = 0;
    for (const PlacedCell& cell : placement.cells) {
      on.push_back(IndexOf(cell.node));
      sum = sum + CostOf(fields_[on.back()], BitsOf(on.back(), cell.charged_cpus));
      const auto vcpus = static_cast<int>(cell.vcpu_pins.size() + cell.shared_vcpus.size());
      unevenness += vcpus * vcpus;
    }
    const bool split = request_.numa.kind == Numa::Kind::kAuto && on.size() > 1;
    return RankOn(on, sum, split ? unevenness : 0);
  }

 private:
  size_t IndexOf(int node) const {
    size_t index = 0;
    while (spec_.nodes.at(index).id != node) ++index;
    return index;
  }

  Bits BitsOf(size_t node, const CpuSet& cpus) const {
    Bits bits = 0, next = 1;
    for (const auto& core : spec_.nodes[node].cores)
      for (const int cpu : core) {
        if (cpus.Has(cpu)) bits |= next;
        next <<= 1;
      }
    return bits;
  }

  bool coincide() const { return !spec_.shared_cpus && !spec_.dedicated_cpus; }

  bool InDedicated(int cpu) const {
    if (spec_.reserved_cpus.Has(cpu)) return false;
    if (spec_.dedicated_cpus) return spec_.dedicated_cpus->Has(cpu);
    return !spec_.shared_cpus || !spec_.shared_cpus->Has(cpu);
  }
  bool InShared(int cpu) const {
    if (spec_.reserved_cpus.Has(cpu)) return false;
    if (spec_.shared_cpus) return spec_.shared_cpus->Has(cpu);
    return !spec_.dedicated_cpus || !spec_.dedicated_cpus->Has(cpu);
  }

  const Claim* HolderOf(int cpu) const {
    for (const Claim& claim : spec_.claims)
      for (const ClaimCell& cell : claim.cells)
        if (cell.dedicated_cpus.Has(cpu)) return &claim;
    return nullptr;
  }

  static bool Bears(CoreSharing wish, bool same) {
    return wish == CoreSharing::kAny || (wish == CoreSharing::kSameTenant && same);
  }

  Field FieldOf(const Node& node) const {
    Field field;
    int bit = 0;
    std::map<int, Bits> bit_of;
    for (const auto& core : node.cores) {
      Bits threads = 0, free = 0;
      bool bearable = true;
      for (const int cpu : core) {
        const Claim* holder = HolderOf(cpu);
        threads |= Bits{1} << bit;
        bit_of[cpu] = Bits{1} << bit;
        if (holder == nullptr && InDedicated(cpu)) free |= Bits{1} << bit;
        if (InShared(cpu) && (holder == nullptr || !coincide())) ++field.shared_cpus;
        if (holder != nullptr) {
          const bool same = holder->tenant == request_.tenant;
          bearable = bearable && Bears(request_.core_sharing, same) &&
                     (!holder->core_sharing || Bears(*holder->core_sharing, same));
        }
        ++bit;
      }
      field.cores.push_back(threads);
      field.whole.push_back(free == threads);
      if (bearable) field.free |= free;
    }
    for (const auto& llc : node.llcs) {
      field.caches.emplace_back();
      for (const int cpu : llc) field.caches.back() |= bit_of[cpu];
    }
    if (field.caches.empty()) field.caches.push_back(~Bits{0});
    AddMemory(node, &field);
    return field;
  }

  void AddMemory(const Node& node, Field* field) const {
    int64_t pooled_kib = 0;
    for (const PagePool& pool : node.pages) {
      field->pools.emplace_back(pool.size_kib, pool.total - pool.used);
      pooled_kib += pool.size_kib * pool.total;
    }
    field->small_mib =
        std::max<int64_t>(0, node.memory_mib - pooled_kib / 1024 - node.reserved_memory_mib);
    field->small_limit_mib =
        static_cast<int64_t>(static_cast<double>(field->small_mib) * spec_.memory_overcommit);
    for (const Claim& claim : spec_.claims)
      for (const ClaimCell& cell : claim.cells) {
        if (cell.node != node.id) continue;
        field->shared_used += static_cast<int>(cell.shared_vcpus);
        field->widest = std::max(field->widest, static_cast<int>(cell.shared_vcpus));
        if (cell.page_size_kib == kBasePageKib) field->small_used_mib += cell.memory_mib;
        for (auto& [size, free] : field->pools)
          if (size == cell.page_size_kib) free -= cell.memory_mib * 1024 / size;
      }
  }

  // --- One cell on one node.

  bool SmallFits(const Field& field, int64_t mib) const {
    return mib == 0 ||
           (mib <= field.small_mib && field.small_used_mib + mib <= field.small_limit_mib);
  }

  // A cell of `mib` in pages of one size; 0 = small.
  bool InPages(const Field& field, int64_t mib, int64_t kib, bool first) const {
    const int64_t overhead = first ? request_.overhead_mib : 0;
    if (kib == 0) return SmallFits(field, mib + overhead);
    if (mib * 1024 % kib != 0 || !SmallFits(field, overhead)) return false;
    return std::any_of(field.pools.begin(), field.pools.end(), [&](const auto& pool) {
      return pool.first == kib && mib * 1024 / kib <= std::max<int64_t>(0, pool.second);
    });
  }

  // Page sizes that the wish allows on this node; 0 = small.
  static std::vector<int64_t> SizesFor(const Field& field, const PageSize& wish) {
    std::vector<int64_t> sizes;
    if (wish.kind == PageSize::Kind::kExact) return {wish.kib == kBasePageKib ? 0 : wish.kib};
    if (wish.kind != PageSize::Kind::kSmall)
      for (const auto& [size, free] : field.pools) sizes.push_back(size);
    if (wish.kind != PageSize::Kind::kLarge) sizes.push_back(0);
    return sizes;
  }

  bool MemoryFits(const Field& field, int64_t mib, const PageSize& wish, bool first) const {
    for (const int64_t kib : SizesFor(field, wish))
      if (InPages(field, mib, kib, first)) return true;
    return false;
  }

  // The share of a cell of an "auto" guest of more than one: in proportion, rounded up to the page,
  // which must divide the whole.
  bool ShareFits(const Field& field, int vcpus, bool first) const {
    const int64_t share = (request_.memory_mib * vcpus + request_.vcpus - 1) / request_.vcpus;
    for (const int64_t kib : SizesFor(field, request_.page_size)) {
      const int64_t page_mib = std::max<int64_t>(1, kib / 1024);
      const int64_t mib = (share + page_mib - 1) / page_mib * page_mib;
      if (kib != 0 && request_.memory_mib * 1024 % kib != 0) continue;
      if (InPages(field, mib, kib, first)) return true;
    }
    return false;
  }

  bool SharedFits(const Field& field, int shared, int charged) const {
    const int lost = coincide() ? charged : 0;
    if (shared == 0 && lost == 0) return true;
    const int cpus = field.shared_cpus - lost;
    const int widest = lost > 0 ? std::max(shared, field.widest) : shared;
    const auto limit = static_cast<int>(static_cast<double>(cpus) * spec_.cpu_overcommit);
    return widest <= cpus && field.shared_used + shared <= limit;
  }

  // Whether `dedicated` vCPUs on exactly the threads `taken` obey the SMT policy.
  bool Obeys(const Field& field, Bits taken, int dedicated) const {
    if (request_.smt_policy == SmtPolicy::kPrefer) return std::popcount(taken) == dedicated;
    int cores = 0, smallest = 99;
    for (size_t c = 0; c < field.cores.size(); ++c) {
      const Bits part = taken & field.cores[c];
      if (part == 0) continue;
      if (part != field.cores[c] || !field.whole[c]) return false;
      ++cores;
      smallest = std::min(smallest, std::popcount(part));
    }
    if (request_.smt_policy == SmtPolicy::kIsolate) return cores == dedicated;
    const int threads = std::popcount(taken);
    return threads >= dedicated && (cores == 0 || threads - smallest < dedicated);
  }

  Cost CostOf(const Field& field, Bits taken) const {
    Cost cost;
    for (size_t c = 0; c < field.cores.size(); ++c) {
      const Bits part = taken & field.cores[c];
      if (part == 0) continue;
      ++cost.cores;
      if (field.whole[c] && part != field.cores[c]) ++cost.broken;
    }
    for (const Bits cache : field.caches) cost.caches += (taken & cache) != 0 ? 1 : 0;
    return cost;
  }

  // The cheapest way to give the cell's CPUs, if there is any.
  std::optional<Cost> CpusFit(size_t node, Amount amount, bool first) const {
    const auto key = std::tuple(node, amount.dedicated, amount.shared, first);
    const auto [found, inserted] = cpus_fit_.try_emplace(key);
    if (inserted) found->second = TryCpus(fields_[node], amount, first);
    return found->second;
  }

  std::optional<Cost> TryCpus(const Field& field, Amount amount, bool first) const {
    const bool lone = first && request_.emulator_policy == EmulatorPolicy::kIsolate;
    if (amount.dedicated > 0 && request_.smt_policy == SmtPolicy::kRequire && !has_smt_)
      return std::nullopt;
    std::optional<Cost> best;
    for (Bits taken = field.free;; taken = (taken - 1) & field.free) {
      if (Obeys(field, taken, amount.dedicated) &&
          SharedFits(field, amount.shared, std::popcount(taken) + (lone ? 1 : 0)))
        for (const Bits emulator : lone ? Each(field.free & ~taken) : std::vector<Bits>{0}) {
          const Cost cost = CostOf(field, taken | emulator);
          if (!best || cost < *best) best = cost;
        }
      if (taken == 0) break;
    }
    return best;
  }

  static std::vector<Bits> Each(Bits bits) {
    std::vector<Bits> each;
    for (; bits != 0; bits &= bits - 1) each.push_back(bits & -bits);
    return each;
  }

  // --- Cells on nodes.

  bool MayUse(size_t node) const {
    return !request_.node_set || std::count(request_.node_set->begin(), request_.node_set->end(),
                                            spec_.nodes[node].id) > 0;
  }

  // Calls `visit` with every way to put `cells` cells on nodes of their own.
  void EachAssignment(size_t cells, std::vector<size_t>* nodes,
                      const std::function<void(const std::vector<size_t>&)>& visit) const {
    if (nodes->size() == cells) return visit(*nodes);
    for (size_t n = 0; n < spec_.nodes.size(); ++n) {
      if (!MayUse(n) || std::count(nodes->begin(), nodes->end(), n) > 0) continue;
      nodes->push_back(n);
      EachAssignment(cells, nodes, visit);
      nodes->pop_back();
    }
  }

  bool DevicesFit(const std::vector<size_t>& nodes) const {
    if (request_.devices.empty()) return true;
    for (uint32_t chosen = 0; chosen < uint32_t{1} << spec_.devices.size(); ++chosen)
      if (DevicesMeet(chosen, nodes)) return true;
    return false;
  }

  bool DevicesMeet(uint32_t chosen, const std::vector<size_t>& nodes) const {
    const DeviceDemand& demand = request_.devices.front();
    std::set<int> groups;
    int matching = 0;
    for (size_t i = 0; i < spec_.devices.size(); ++i) {
      const Device& device = spec_.devices[i];
      if ((chosen >> i & 1) == 0) continue;
      if (Held(device)) return false;
      if (device.iommu_group >= 0) groups.insert(device.iommu_group);
      if (device.kind != demand.kind) {
        if (device.iommu_group < 0) return false;  // Nobody asked for it.
        continue;
      }
      ++matching;
      if (demand.affinity == Affinity::kRequired &&
          std::none_of(nodes.begin(), nodes.end(),
                       [&](size_t n) { return spec_.nodes[n].id == device.node; }))
        return false;
    }
    for (size_t i = 0; i < spec_.devices.size(); ++i)
      if (groups.count(spec_.devices[i].iommu_group) > 0 && (chosen >> i & 1) == 0) return false;
    return matching == demand.count;
  }

  bool Held(const Device& device) const {
    return std::any_of(spec_.claims.begin(), spec_.claims.end(), [&](const Claim& claim) {
      return std::count(claim.devices.begin(), claim.devices.end(), device.address) > 0;
    });
  }

  static Amount AmountOf(const GuestCell& cell) {
    return {static_cast<int>(cell.dedicated_vcpus.size()),
            static_cast<int>(cell.shared_vcpus.size())};
  }

  bool IsDedicated(int vcpu) const {
    if (request_.cpu_policy != CpuPolicy::kMixed)
      return request_.cpu_policy == CpuPolicy::kDedicated;
    return std::count(request_.dedicated_vcpus.begin(), request_.dedicated_vcpus.end(), vcpu) > 0;
  }

  OracleRank RankOn(const std::vector<size_t>& on, Cost cost, int unevenness) const {
    std::set<int> sockets;
    int distance = 0;
    for (const size_t n : on) {
      sockets.insert(spec_.nodes[n].socket);
      for (const size_t to : on) distance += n == to ? 0 : spec_.nodes[n].distances[to];
    }
    return {static_cast<int>(on.size()),
            static_cast<int>(sockets.size()),
            cost.caches,
            cost.cores,
            cost.broken,
            unevenness,
            distance};
  }

  static void Keep(const OracleRank& rank, std::optional<OracleRank>* best) {
    if (!*best || rank < **best) *best = rank;
  }

  std::optional<OracleRank> Cells(const std::vector<GuestCell>& cells) const {
    std::optional<OracleRank> best;
    std::vector<size_t> nodes;
    EachAssignment(cells.size(), &nodes, [&](const std::vector<size_t>& on) {
      if (!DevicesFit(on)) return;
      Cost sum;
      for (size_t i = 0; i < on.size(); ++i) {
        const auto cost = CpusFit(on[i], AmountOf(cells[i]), i == 0);
        if (!cost || !MemoryFits(fields_[on[i]], cells[i].memory_mib, cells[i].page_size, i == 0))
          return;
        sum = sum + *cost;
      }
      Keep(RankOn(on, sum, 0), &best);
    });
    return best;
  }

  std::optional<OracleRank> Equal(int count) const {
    if (request_.vcpus % count != 0 || request_.memory_mib % count != 0) return std::nullopt;
    std::vector<GuestCell> cells;
    for (int i = 0; i < count; ++i) {
      cells.push_back({{}, {}, request_.memory_mib / count, request_.page_size});
      for (int v = i * request_.vcpus / count; v < (i + 1) * request_.vcpus / count; ++v)
        (IsDedicated(v) ? cells.back().dedicated_vcpus : cells.back().shared_vcpus).push_back(v);
    }
    return Cells(cells);
  }

  std::optional<OracleRank> AutoSplit(int count) const {
    Amount rest;
    for (int v = 0; v < request_.vcpus; ++v) ++(IsDedicated(v) ? rest.dedicated : rest.shared);
    std::optional<OracleRank> best;
    std::vector<size_t> nodes;
    EachAssignment(static_cast<size_t>(count), &nodes, [&](const std::vector<size_t>& on) {
      if (DevicesFit(on)) Deal(on, 0, rest, {}, 0, &best);
    });
    return best;
  }

  // Every way for the cells from `cell` on to take exactly `rest`, each at least one vCPU.
  void Deal(const std::vector<size_t>& on, size_t cell, Amount rest, Cost sum, int unevenness,
            std::optional<OracleRank>* best) const {
    if (cell == on.size()) {
      if (rest.dedicated + rest.shared == 0) Keep(RankOn(on, sum, unevenness), best);
      return;
    }
    for (int d = 0; d <= rest.dedicated; ++d)
      for (int s = d == 0 ? 1 : 0; s <= rest.shared; ++s) {
        if (!ShareFits(fields_[on[cell]], d + s, cell == 0)) continue;
        if (const auto cost = CpusFit(on[cell], {d, s}, cell == 0))
          Deal(on, cell + 1, {rest.dedicated - d, rest.shared - s}, sum + *cost,
               unevenness + (d + s) * (d + s), best);
      }
  }

  mutable std::map<std::tuple<size_t, int, int, bool>, std::optional<Cost>> cpus_fit_;
  const HostSpec& spec_;
  const Request& request_;
  std::vector<Field> fields_;
  bool has_smt_ = false;
};

}  // namespace

std::optional<OracleRank> PlaceByTryingAll(const HostSpec& spec, const Request& request) {
  return Oracle(spec, request).Answer();
}

OracleRank RankByLooking(const HostSpec& spec, const Request& request, const Placement& placement) {
  return Oracle(spec, request).Look(placement);
}

}  // namespace berth::placement
