// SPDX-License-Identifier: Apache-2.0
// A host and its book: what the hardware has, what policy gives out, what claims hold. A value:
// copies are independent, and two hosts with the same hardware and the same claims are equal, in
// whatever order the claims came. Not thread-safe; const use from many threads is.
//
// What is held may exceed what there is (an offline CPU, a pool that shrank): then less than
// nothing is free, nobody new gets any of it, and nothing else changes.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/host_spec.h"

namespace berth::placement {

// Threads of a core as bits, in the order of Node::cores; at most 64.
using ThreadMask = uint64_t;
inline constexpr int kThreadsPerCoreMax = 64;

// Whose vCPUs sit on a core.
struct CoreHolder {
  std::string tenant;
  std::optional<CoreSharing> core_sharing;
  auto operator<=>(const CoreHolder&) const = default;  // NOLINT(modernize-use-nullptr)
};

struct CoreBook {
  ThreadMask all = 0;
  ThreadMask free = 0;              // May be given to a dedicated vCPU.
  int llc = 0;                      // Index in Node::llcs.
  std::vector<CoreHolder> holders;  // Sorted; one for each claim that holds a thread here.
  bool operator==(const CoreBook&) const = default;

  bool whole() const { return free == all; }
};

struct PoolBook {
  int64_t size_kib = 0;
  int64_t total = 0;
  int64_t free = 0;  // Below 0: over-committed.
  bool operator==(const PoolBook&) const = default;
};

struct NodeBook {
  std::vector<CoreBook> cores;
  int64_t shared_cpus = 0;  // That shared vCPUs may run on, now.
  int64_t shared_vcpus_used = 0;
  std::map<int64_t, int> widths;  // Shared vCPUs of a claim's cell -> how many such cells.
  int64_t small_mib = 0;          // Small pages there are for guests; at least 0.
  int64_t small_limit_mib = 0;    // The same with the overcommit.
  int64_t small_used_mib = 0;
  std::vector<PoolBook> pools;  // Ascending by size.
  bool operator==(const NodeBook&) const = default;

  // The most shared vCPUs that a claim's cell has here; 0 = none has any.
  int64_t widest() const { return widths.empty() ? 0 : widths.rbegin()->first; }
};

class Host {
 public:
  // `spec` is valid (host_spec.h).
  explicit Host(HostSpec spec);

  // Without its claims.
  const HostSpec& spec() const { return *spec_; }
  const std::map<std::string, Claim>& claims() const { return claims_; }
  // In the order of spec().nodes.
  const std::vector<NodeBook>& books() const { return books_; }
  // In the order of spec().devices.
  const std::vector<bool>& devices_held() const { return devices_held_; }
  // Dedicated CPUs are taken out of the shared ones (HostSpec::shared_cpus).
  bool sets_coincide() const { return !spec_->shared_cpus && !spec_->dedicated_cpus; }
  // Some core has more than one thread.
  bool has_smt() const { return has_smt_; }
  // Shared vCPUs that `cpus` CPUs may carry, over all guests.
  int64_t SharedLimit(int64_t cpus) const;
  // -1: there is no such node.
  int NodeIndex(int id) const;
  // CPUs on which shared vCPUs of node `index` may run, now.
  CpuSet SharedCpusOf(size_t index) const;

  // Its id is not in the book yet.
  void Add(Claim claim);
  // An unknown id changes nothing. Afterwards the host equals what it was before the claim came.
  // Costs what the claim holds, as Add.
  void Remove(const std::string& id);

  bool operator==(const Host& other) const;

 private:
  NodeBook EmptyBook(const Node& node) const;
  bool MayBeDedicated(int cpu) const;
  bool MayBeShared(int cpu) const;
  void Charge(const Claim& claim);
  void Discharge(const Claim& claim);
  void ChargeCpus(const Claim& claim, const ClaimCell& cell, size_t index);
  void DischargeCpus(const Claim& claim, const ClaimCell& cell, size_t index);

  std::shared_ptr<const HostSpec> spec_;  // Shared by copies; never changed.
  std::map<std::string, Claim> claims_;
  std::vector<NodeBook> books_;
  std::vector<bool> devices_held_;
  // Where claims overlap, what one gives back the other still has.
  std::vector<int> claims_on_cpu_;     // By CPU id.
  std::vector<int> claims_on_device_;  // In the order of devices_held_.
  bool has_smt_ = false;
};

}  // namespace berth::placement
