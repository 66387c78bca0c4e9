// SPDX-License-Identifier: Apache-2.0
// What one node can take of a guest that is split: every amount of vCPUs that fits there, with its
// memory, and what the threads cost. Part of split.h.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "scheduler/node_offer.h"
#include "scheduler/split.h"

namespace berth::placement {

class CellShare {
 public:
  // The references outlive this.
  CellShare(const NodeOffer& offer, const Request& request, VcpuCounts vcpus);

  // The most that one cell may have here; `first` for cell 0.
  int MostVcpus(bool first) const { return most_vcpus_[first ? 1 : 0]; }
  int MostDedicated(bool first) const { return most_dedicated_[first ? 1 : 0]; }
  int MostShared() const { return most_shared_; }
  // Whether it could be a cell at all.
  bool Useful() const;
  // kImpossible: that much does not fit, or it is nothing.
  ThreadCost Cost(int dedicated, int shared, bool first) const;
  CellNeed Need(int dedicated, int shared, bool first) const;

 private:
  std::optional<CellNeed> MemoryFor(int vcpus, bool first) const;
  std::optional<CellNeed> MemoryInPages(int vcpus, bool first, int64_t page_kib) const;

  const NodeOffer& offer_;
  const Request& request_;
  const int all_vcpus_;
  std::array<int, 2> most_vcpus_{};
  std::array<int, 2> most_dedicated_{};
  std::array<std::vector<ThreadPrice>, 2> prices_;  // By dedicated vCPUs.
  int most_shared_ = 0;
};

}  // namespace berth::placement
