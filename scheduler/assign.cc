// SPDX-License-Identifier: Apache-2.0
#include "scheduler/assign.h"

#include <algorithm>
#include <bit>

#include "scheduler/matching.h"

namespace berth::placement {
namespace {

// costs[cell][offer]; kImpossible where the cell does not fit.
using Costs = std::vector<std::vector<ThreadCost>>;

Costs CostsOf(const std::vector<NodeOffer>& offers, const std::vector<CellNeed>& needs) {
  Costs costs;
  for (size_t i = 0; i < needs.size(); ++i) {
    if (i > 0 && needs[i] == needs[i - 1]) {
      costs.push_back(costs.back());
      continue;
    }
    std::vector<ThreadCost> row;
    for (const NodeOffer& offer : offers) {
      const CellFit fit = offer.Fit(needs[i]);
      row.push_back(fit.fits() ? fit.cost : kImpossible);
    }
    costs.push_back(std::move(row));
  }
  return costs;
}

std::vector<size_t> Candidates(const Costs& costs, size_t offers) {
  std::vector<size_t> candidates;
  for (size_t j = 0; j < offers; ++j)
    for (const auto& row : costs) {
      if (row[j] == kImpossible) continue;
      candidates.push_back(j);
      break;
    }
  return candidates;
}

std::vector<size_t> NodesOf(const std::vector<NodeOffer>& offers, std::vector<size_t> chosen) {
  for (size_t& index : chosen) index = offers[index].node();
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

Rank RankOf(const Host& host, const std::vector<NodeOffer>& offers,
            const std::vector<size_t>& chosen, ThreadCost threads) {
  const std::vector<size_t> nodes = NodesOf(offers, chosen);
  Rank rank{.sockets = SocketsOf(host, nodes),
            .threads = threads,
            .distance = DistanceAmong(host, nodes)};
  for (const size_t index : chosen) rank.free += offers[index].Free();
  return rank;
}

// A way to use a set of nodes, before devices are looked at.
struct Way {
  Rank rank;
  std::vector<size_t> chosen;
  auto operator<=>(const Way&) const = default;  // NOLINT(modernize-use-nullptr)
};

// The best way for which there are devices. Ways come best first, and devices only add distance,
// so the search ends at the first that could not win without any.
std::optional<Assignment> BestWithDevices(const std::vector<NodeOffer>& offers,
                                          std::vector<Way> ways, const DeviceChooser& devices) {
  std::sort(ways.begin(), ways.end());
  std::optional<Way> best;
  Assignment assignment;
  for (Way& way : ways) {
    if (best && *best < way) break;
    std::optional<DeviceChoice> choice = devices.Choose(NodesOf(offers, way.chosen));
    if (!choice) continue;
    way.rank.distance += choice->distance;
    if (best && *best <= way) continue;
    assignment.offers = way.chosen;
    assignment.devices = std::move(*choice);
    best = std::move(way);
  }
  if (!best) return std::nullopt;
  return assignment;
}

std::optional<Assignment> AssignOne(const Host& host, const std::vector<NodeOffer>& offers,
                                    const Costs& costs, const DeviceChooser& devices) {
  std::vector<Way> ways;
  for (size_t j = 0; j < offers.size(); ++j)
    if (costs[0][j] != kImpossible) ways.push_back({RankOf(host, offers, {j}, costs[0][j]), {j}});
  return BestWithDevices(offers, std::move(ways), devices);
}

// Every set of as many candidates as there are cells: what the cells from i on cost at least on a
// set of that many nodes follows from what the cells from i + 1 on do.
class SetsOfNodes {
 public:
  SetsOfNodes(const Costs& costs, const std::vector<size_t>& candidates)
      : costs_(costs),
        candidates_(candidates),
        least_(size_t{1} << candidates.size(), kImpossible) {
    least_[0] = 0;
    for (unsigned set = 1; set < least_.size(); ++set) {
      const auto used = static_cast<size_t>(std::popcount(set));
      if (used > costs.size()) continue;
      const size_t cell = costs.size() - used;
      for (unsigned bits = set; bits != 0; bits &= bits - 1)
        least_[set] = std::min(least_[set], CostOn(cell, set, Lowest(bits)));
    }
  }

  std::vector<Way> Ways(const Host& host, const std::vector<NodeOffer>& offers) const {
    std::vector<Way> ways;
    for (unsigned set = 1; set < least_.size(); ++set) {
      if (static_cast<size_t>(std::popcount(set)) != costs_.size() || least_[set] == kImpossible)
        continue;
      std::vector<size_t> chosen = LowestAssignment(set);
      const Rank rank = RankOf(host, offers, chosen, least_[set]);
      ways.push_back({rank, std::move(chosen)});
    }
    return ways;
  }

 private:
  static size_t Lowest(unsigned bits) { return static_cast<size_t>(std::countr_zero(bits)); }

  ThreadCost CostOn(size_t cell, unsigned set, size_t position) const {
    const ThreadCost here = costs_[cell][candidates_[position]];
    const ThreadCost rest = least_[set & ~(1U << position)];
    return here == kImpossible || rest == kImpossible ? kImpossible : here + rest;
  }

  std::vector<size_t> LowestAssignment(unsigned set) const {
    std::vector<size_t> chosen;
    for (size_t cell = 0; cell < costs_.size(); ++cell) {
      for (unsigned bits = set; bits != 0; bits &= bits - 1) {
        if (CostOn(cell, set, Lowest(bits)) != least_[set]) continue;
        chosen.push_back(candidates_[Lowest(bits)]);
        set &= ~(1U << Lowest(bits));
        break;
      }
    }
    return chosen;
  }

  const Costs& costs_;
  const std::vector<size_t>& candidates_;
  std::vector<ThreadCost> least_;
};

// Many nodes. A matching of all cells and one of all nodes that must be used can be merged into one
// that covers both (Mendelsohn and Dulmage), so both are tested apart.
class ManyNodes {
 public:
  ManyNodes(const Host& host, const std::vector<NodeOffer>& offers, const Costs& costs,
            const DeviceChooser& devices)
      : host_(host), offers_(offers), costs_(costs), devices_(devices) {}

  std::optional<Assignment> Run() {
    std::vector<size_t> free(offers_.size());
    for (size_t j = 0; j < free.size(); ++j) free[j] = j;
    if (!Possible(0, free, {})) return std::nullopt;
    std::vector<size_t> useful;
    for (const size_t node : devices_.UsefulNodes())
      for (size_t j = 0; j < offers_.size(); ++j)
        if (offers_[j].node() == node && HasCell(j)) useful.push_back(j);
    if (!devices_.Choose(NodesOf(offers_, useful))) return std::nullopt;
    std::vector<size_t> must;
    if (!CoverDevices(useful, 0, &must)) return std::nullopt;
    return Assign(must);
  }

 private:
  bool HasCell(size_t offer) const {
    return std::any_of(costs_.begin(), costs_.end(),
                       [&](const auto& row) { return row[offer] != kImpossible; });
  }

  // Whether the cells from `first` on have nodes among `free`, and each of `must` has such a cell.
  bool Possible(size_t first, const std::vector<size_t>& free,
                const std::vector<size_t>& must) const {
    Edges cells;
    for (size_t i = first; i < costs_.size(); ++i) {
      cells.emplace_back();
      for (const size_t j : free)
        if (costs_[i][j] != kImpossible) cells.back().push_back(j);
    }
    if (LargestMatching(cells, offers_.size()) < cells.size()) return false;
    const Edges nodes = Reversed(cells, offers_.size());
    Edges needed;
    for (const size_t j : must) needed.push_back(nodes[j]);
    return LargestMatching(needed, cells.size()) == needed.size();
  }

  // Adds to `must` nodes from useful[next] on until they hold devices enough.
  bool CoverDevices(const std::vector<size_t>& useful, size_t next, std::vector<size_t>* must) {
    if (devices_.Choose(NodesOf(offers_, *must))) return true;
    if (must->size() == costs_.size()) return false;
    std::vector<size_t> most = *must;
    most.insert(most.end(), useful.begin() + static_cast<std::ptrdiff_t>(next), useful.end());
    if (!devices_.Choose(NodesOf(offers_, most))) return false;
    std::vector<size_t> all(offers_.size());
    for (size_t j = 0; j < all.size(); ++j) all[j] = j;
    for (size_t i = next; i < useful.size(); ++i) {
      must->push_back(useful[i]);
      if (Possible(0, all, *must) && CoverDevices(useful, i + 1, must)) return true;
      must->pop_back();
    }
    return false;
  }

  // Cell by cell the node that costs least and leaves the others possible.
  Assignment Assign(std::vector<size_t> must) {
    Assignment assignment;
    assignment.optimal = false;
    std::vector<size_t> free(offers_.size());
    for (size_t j = 0; j < free.size(); ++j) free[j] = j;
    for (size_t i = 0; i < costs_.size(); ++i) {
      std::vector<Way> ways;
      for (const size_t j : free) {
        if (costs_[i][j] == kImpossible) continue;
        std::vector<size_t> with = assignment.offers;
        with.push_back(j);
        ways.push_back({RankOf(host_, offers_, with, costs_[i][j]), {j}});
      }
      std::sort(ways.begin(), ways.end());
      for (const Way& way : ways) {
        const size_t j = way.chosen[0];
        std::vector<size_t> left = free;
        std::vector<size_t> still = must;
        std::erase(left, j);
        std::erase(still, j);
        if (!Possible(i + 1, left, still)) continue;
        assignment.offers.push_back(j);
        free = std::move(left);
        must = std::move(still);
        break;
      }
    }
    assignment.devices = *devices_.Choose(NodesOf(offers_, assignment.offers));
    return assignment;
  }

  const Host& host_;
  const std::vector<NodeOffer>& offers_;
  const Costs& costs_;
  const DeviceChooser& devices_;
};

}  // namespace

std::optional<Assignment> AssignCells(const Host& host, const std::vector<NodeOffer>& offers,
                                      const std::vector<CellNeed>& needs,
                                      const DeviceChooser& devices) {
  const Costs costs = CostsOf(offers, needs);
  if (needs.size() == 1) return AssignOne(host, offers, costs, devices);
  const std::vector<size_t> candidates = Candidates(costs, offers.size());
  if (candidates.size() < needs.size()) return std::nullopt;
  if (candidates.size() > kExactNodes) return ManyNodes(host, offers, costs, devices).Run();
  return BestWithDevices(offers, SetsOfNodes(costs, candidates).Ways(host, offers), devices);
}

}  // namespace berth::placement
