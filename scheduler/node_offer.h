// SPDX-License-Identifier: Apache-2.0
// What one node can do for one request: whether a guest cell fits there, and at what price. The
// same question is asked often, so what depends on the request alone is worked out once.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "scheduler/host.h"
#include "scheduler/thread_stock.h"

namespace berth::placement {

// A guest cell reduced to amounts.
struct CellNeed {
  int dedicated = 0;
  int shared = 0;
  int64_t memory_mib = 0;
  PageSize page_size;
  bool first = false;  // Cell 0: the emulator and the overhead are on its node.
  bool operator==(const CellNeed&) const = default;
};

// Why a cell does not fit on a node; what is tested first is named first.
enum class Lack { kNothing, kPageSize, kMemory, kOverhead, kDedicated, kEmulator, kShared };

struct CellFit {
  Lack lack = Lack::kNothing;
  ThreadCost cost = 0;
  int64_t page_size_kib = 0;
  bool fits() const { return lack == Lack::kNothing; }
};

class NodeOffer {
 public:
  // The references outlive this.
  NodeOffer(const Host& host, size_t node, const Request& request);

  size_t node() const { return node_; }
  CellFit Fit(const CellNeed& need) const;
  // Everything that the cell lacks here, each for itself; empty: it fits.
  std::vector<Lack> Lacks(const CellNeed& need) const;
  // The page size that the cell's memory would have; nullopt: it does not fit.
  std::optional<int64_t> PageFor(const CellNeed& need) const;
  // Whether the guest's overhead fits beside a cell in pages of that size; small cells have been
  // tested with it.
  bool OverheadFits(int64_t page_size_kib) const;
  // Whether that many shared vCPUs fit once `charged` CPUs have been taken for dedicated ones.
  bool SharedFits(int64_t shared, int64_t charged) const;
  // For the threads alone, and with so many shared vCPUs beside them.
  ThreadPrice Price(ThreadNeed need) const { return threads_.Price(need); }
  ThreadPrice PriceBeside(int64_t shared, ThreadNeed need) const;
  ThreadPick PickBeside(int64_t shared, ThreadNeed need) const;

  // The most of each that one cell may have, all else aside.
  int MostDedicated(bool emulator) const;
  int64_t MostShared() const;
  int64_t FreeSmallMib() const;
  // More is held than there is, by so much.
  int64_t SharedVcpusOver() const;
  int64_t SmallMibOver() const;
  // Free memory in pages of that size; the base page is FreeSmallMib. 0: no such pool.
  int64_t FreePagesMib(int64_t size_kib) const;
  std::vector<int64_t> PoolSizes() const;  // In KiB, ascending.
  // Free threads, or room for shared vCPUs where the guest has only these: what "least free left"
  // compares.
  int64_t Free() const;

 private:
  // The most CPUs that may be charged with so many shared vCPUs beside; -1: none of these fit.
  int MostCharged(int64_t shared) const;
  bool SmallFits(int64_t memory_mib) const;

  const Host& host_;
  const NodeBook& book_;
  const Request& request_;
  const size_t node_;
  const bool needs_smt_;  // And there is none.
  ThreadStock threads_;
};

// Whether the request names dedicated vCPUs.
bool HasDedicated(const Request& request);

}  // namespace berth::placement
