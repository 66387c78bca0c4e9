// SPDX-License-Identifier: Apache-2.0
#include "scheduler/split.h"

#include <algorithm>
#include <tuple>

#include "scheduler/assign.h"
#include "scheduler/cell_share.h"

namespace berth::placement {
namespace {

struct Value {
  ThreadCost cost = kImpossible;
  uint64_t unevenness = 0;
  auto operator<=>(const Value&) const = default;  // NOLINT(modernize-use-nullptr)
  bool possible() const { return cost != kImpossible; }
};

struct Amounts {
  int dedicated = 0;
  int shared = 0;
};

// Deals vCPUs out to cells in their order, the first of them cell 0. From the last cell to the
// first, best_[cell][rest] is the best way for that cell and the later ones to take exactly `rest`.
class Dealer {
 public:
  Dealer(std::vector<const CellShare*> cells, VcpuCounts vcpus)
      : cells_(std::move(cells)), vcpus_(vcpus), best_(cells_.size()) {
    for (size_t i = cells_.size(); i-- > 0;) Fill(i);
  }

  Value Best() const { return best_.front()[Index(vcpus_.dedicated, vcpus_.shared)]; }

  // A way of that value; among equals the first cells get the most.
  std::vector<Amounts> Dealt() const {
    std::vector<Amounts> dealt;
    Amounts rest{vcpus_.dedicated, vcpus_.shared};
    for (size_t i = 0; i < cells_.size(); ++i) {
      const Amounts taken = TakenBy(i, rest);
      dealt.push_back(taken);
      rest = {rest.dedicated - taken.dedicated, rest.shared - taken.shared};
    }
    return dealt;
  }

 private:
  size_t Index(int dedicated, int shared) const {
    return static_cast<size_t>(dedicated) * static_cast<size_t>(vcpus_.shared + 1) +
           static_cast<size_t>(shared);
  }

  Value After(size_t cell, int dedicated, int shared) const {
    if (cell == cells_.size()) return {dedicated + shared == 0 ? 0 : kImpossible, 0};
    return best_[cell][Index(dedicated, shared)];
  }

  Value With(size_t cell, Amounts rest, int dedicated, int shared) const {
    const ThreadCost here = cells_[cell]->Cost(dedicated, shared, cell == 0);
    if (here == kImpossible) return {};
    Value value = After(cell + 1, rest.dedicated - dedicated, rest.shared - shared);
    if (!value.possible()) return {};
    const auto vcpus = static_cast<uint64_t>(dedicated) + static_cast<uint64_t>(shared);
    return {value.cost + here, value.unevenness + vcpus * vcpus};
  }

  // Only what the cell can take, and only what the cells before it leave to this one.
  template <typename Visit>
  void Options(size_t cell, Amounts rest, const Visit& visit) const {
    const bool first = cell == 0;
    const bool last = cell + 1 == cells_.size();
    const int most_d = std::min(rest.dedicated, cells_[cell]->MostDedicated(first));
    const int most_s = std::min(rest.shared, cells_[cell]->MostShared());
    for (int d = most_d; d >= (last ? rest.dedicated : 0); --d)
      for (int s = most_s; s >= (last ? rest.shared : 0); --s) visit(d, s);
  }

  void Fill(size_t cell) {
    best_[cell].assign(Index(vcpus_.dedicated, vcpus_.shared) + 1, {});
    const bool all = cell == 0;  // The first cell is asked about the whole guest alone.
    for (int d = all ? vcpus_.dedicated : 0; d <= vcpus_.dedicated; ++d)
      for (int s = all ? vcpus_.shared : 0; s <= vcpus_.shared; ++s) {
        Value& best = best_[cell][Index(d, s)];
        Options(cell, {d, s}, [&](int dedicated, int shared) {
          best = std::min(best, With(cell, {d, s}, dedicated, shared));
        });
      }
  }

  Amounts TakenBy(size_t cell, Amounts rest) const {
    const Value wanted = best_[cell][Index(rest.dedicated, rest.shared)];
    std::optional<Amounts> found;
    Options(cell, rest, [&](int d, int s) {
      if (!found && With(cell, rest, d, s) == wanted) found = Amounts{d, s};
    });
    return *found;
  }

  const std::vector<const CellShare*> cells_;
  const VcpuCounts vcpus_;
  std::vector<std::vector<Value>> best_;
};

// A set of nodes with the best way to use it; cell 0 on offers[0].
struct Candidate {
  Rank rank;
  std::vector<size_t> offers;
  auto operator<=>(const Candidate&) const = default;  // NOLINT(modernize-use-nullptr)
};

class Splitter {
 public:
  Splitter(const Host& host, const std::vector<NodeOffer>& offers, const Request& request,
           VcpuCounts vcpus, const DeviceChooser& devices)
      : host_(host), offers_(offers), request_(request), vcpus_(vcpus), devices_(devices) {
    for (const NodeOffer& offer : offers) shares_.emplace_back(offer, request, vcpus);
    for (size_t j = 0; j < offers.size(); ++j)
      if (shares_[j].Useful()) useful_.push_back(j);
    // With many nodes the first set that works is taken, so the roomiest come first.
    if (!exact())
      std::stable_sort(useful_.begin(), useful_.end(), [&](size_t a, size_t b) {
        return shares_[a].MostVcpus(false) > shares_[b].MostVcpus(false);
      });
  }

  std::optional<Split> Run() {
    const auto most =
        std::min(useful_.size(), static_cast<size_t>(vcpus_.dedicated + vcpus_.shared));
    if (most < 2 || !MayFit({}, 0, useful_.size())) return std::nullopt;
    for (size_t count = 2; count <= most; ++count) {
      Visit({}, 0, count);
      if (std::optional<Split> split = Best()) return split;
      candidates_.clear();
    }
    return std::nullopt;
  }

 private:
  bool exact() const { return useful_.size() <= kExactNodes; }

  // A necessary condition: the chosen nodes and the `more` roomiest of the later ones have room in
  // all, and devices can be had near some of these.
  bool MayFit(const std::vector<size_t>& chosen, size_t next, size_t more) const {
    std::vector<int> d, s, v;
    for (size_t i = next; i < useful_.size(); ++i) Note(useful_[i], &d, &s, &v);
    const auto top = [more](std::vector<int>* rooms) {
      const size_t count = std::min(more, rooms->size());
      std::partial_sort(rooms->begin(), rooms->begin() + static_cast<std::ptrdiff_t>(count),
                        rooms->end(), std::greater<>());
      rooms->resize(count);
    };
    top(&d), top(&s), top(&v);
    for (const size_t j : chosen) Note(j, &d, &s, &v);
    const auto sum = [](const std::vector<int>& rooms) {
      int64_t all = 0;
      for (const int room : rooms) all += room;
      return all;
    };
    if (sum(d) < vcpus_.dedicated || sum(s) < vcpus_.shared ||
        sum(v) < vcpus_.dedicated + vcpus_.shared)
      return false;
    if (!devices_.needed()) return true;
    std::vector<size_t> all = chosen;
    if (more > 0)
      all.insert(all.end(), useful_.begin() + static_cast<std::ptrdiff_t>(next), useful_.end());
    return devices_.Choose(NodesOf(all)).has_value();
  }

  void Note(size_t offer, std::vector<int>* d, std::vector<int>* s, std::vector<int>* v) const {
    d->push_back(shares_[offer].MostDedicated(false));
    s->push_back(shares_[offer].MostShared());
    v->push_back(shares_[offer].MostVcpus(false));
  }

  std::vector<size_t> NodesOf(std::vector<size_t> chosen) const {
    for (size_t& index : chosen) index = offers_[index].node();
    std::sort(chosen.begin(), chosen.end());
    return chosen;
  }

  // Every set of `count` useful nodes that begins with `chosen`; of many nodes only the first that
  // works.
  void Visit(const std::vector<size_t>& chosen, size_t next, size_t count) {
    if (!exact() && !candidates_.empty()) return;
    if (!MayFit(chosen, next, count - chosen.size())) return;
    if (chosen.size() == count) {
      Consider(chosen);
      return;
    }
    for (size_t i = next; i < useful_.size(); ++i) {
      std::vector<size_t> with = chosen;
      with.push_back(useful_[i]);
      Visit(with, i + 1, count);
    }
  }

  // Which node has cell 0 matters only where something of the guest's own goes there.
  void Consider(std::vector<size_t> set) {
    std::sort(set.begin(), set.end());
    const bool any_first =
        request_.emulator_policy == EmulatorPolicy::kShared && request_.overhead_mib == 0;
    std::optional<Candidate> best;
    for (size_t first = 0; first < (any_first ? 1 : set.size()); ++first) {
      std::vector<size_t> order = {set[first]};
      for (size_t i = 0; i < set.size(); ++i)
        if (i != first) order.push_back(set[i]);
      const Value value = Dealer(CellsOf(order), vcpus_).Best();
      if (!value.possible()) continue;
      Candidate candidate{RankOf(order, value), order};
      if (!best || candidate < *best) best = std::move(candidate);
    }
    if (best) candidates_.push_back(std::move(*best));
  }

  std::vector<const CellShare*> CellsOf(const std::vector<size_t>& order) const {
    std::vector<const CellShare*> cells;
    for (const size_t j : order) cells.push_back(&shares_[j]);
    return cells;
  }

  Rank RankOf(const std::vector<size_t>& order, Value value) const {
    const std::vector<size_t> nodes = NodesOf(order);
    Rank rank{.sockets = SocketsOf(host_, nodes),
              .threads = value.cost,
              .unevenness = value.unevenness,
              .distance = DistanceAmong(host_, nodes)};
    for (const size_t j : order) rank.free += offers_[j].Free();
    return rank;
  }

  // Devices only add distance, so the search ends at the first set that could not win without any.
  std::optional<Split> Best() {
    std::sort(candidates_.begin(), candidates_.end());
    std::optional<Candidate> best;
    DeviceChoice devices;
    for (Candidate& candidate : candidates_) {
      if (best && *best < candidate) break;
      std::optional<DeviceChoice> choice = devices_.Choose(NodesOf(candidate.offers));
      if (!choice) continue;
      candidate.rank.distance += choice->distance;
      if (best && *best <= candidate) continue;
      devices = std::move(*choice);
      best = candidate;
    }
    if (!best) return std::nullopt;
    Split split{best->offers, {}, std::move(devices), exact()};
    const std::vector<Amounts> amounts = Dealer(CellsOf(best->offers), vcpus_).Dealt();
    for (size_t i = 0; i < amounts.size(); ++i)
      split.needs.push_back(shares_[best->offers[i]].Need(amounts[i].dedicated, amounts[i].shared,
                                                          /*first=*/i == 0));
    return split;
  }

  const Host& host_;
  const std::vector<NodeOffer>& offers_;
  const Request& request_;
  const VcpuCounts vcpus_;
  const DeviceChooser& devices_;
  std::vector<CellShare> shares_;
  std::vector<size_t> useful_;  // Offers that could be a cell.
  std::vector<Candidate> candidates_;
};

}  // namespace

std::optional<Split> SplitCells(const Host& host, const std::vector<NodeOffer>& offers,
                                const Request& request, VcpuCounts vcpus,
                                const DeviceChooser& devices) {
  return Splitter(host, offers, request, vcpus, devices).Run();
}

}  // namespace berth::placement
