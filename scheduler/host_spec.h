// SPDX-License-Identifier: Apache-2.0
// A host as placement sees it: hardware, policy, and who holds what. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/cpu_set.h"
#include "scheduler/request.h"

namespace berth::placement {

struct PagePool {
  int64_t size_kib = 0;  // More than kBasePageKib, once per node.
  int64_t total = 0;
  int64_t used = 0;  // By others than claims.
  bool operator==(const PagePool&) const = default;
};

struct Node {
  int id = 0;
  int socket = 0;
  int64_t memory_mib = 0;               // With the page pools.
  int64_t reserved_memory_mib = 0;      // The host's own, in small pages.
  std::vector<std::vector<int>> cores;  // CPU ids of the threads of each; empty: memory only.
  std::vector<std::vector<int>> llcs;   // CPUs that share a last-level cache; all in some.
  std::vector<PagePool> pages;
  std::vector<int> distances;  // To every node, in the order of HostSpec::nodes.
  bool operator==(const Node&) const = default;
};

struct Device {
  std::string address;  // Unique.
  int node = -1;        // -1: the platform does not say.
  std::string kind;
  std::string model;
  int iommu_group = -1;  // -1: none, it stands alone.
  bool operator==(const Device&) const = default;
};

// Devices that a fabric joins; they are given together or not at all.
struct FabricPartition {
  int64_t id = 0;
  std::vector<std::string> devices;
  bool operator==(const FabricPartition&) const = default;
};

struct ClaimCell {
  int node = 0;
  CpuSet dedicated_cpus;  // All that are charged: pins, their empty siblings, the emulator's.
  int64_t shared_vcpus = 0;
  int64_t memory_mib = 0;
  int64_t page_size_kib = kBasePageKib;
  bool operator==(const ClaimCell&) const = default;
};

struct Claim {
  std::string id;
  std::string tenant;
  // What its owner asked for; nullopt: not known, and then the newcomer's wish decides.
  std::optional<CoreSharing> core_sharing;
  std::vector<ClaimCell> cells;  // More than one may be on one node.
  std::vector<std::string> devices;
  bool operator==(const Claim&) const = default;
};

// Valid when: ids, addresses and CPUs are unique, `distances` has one entry per node, the sets do
// not overlap, no two claims hold the same CPU or device. What claims hold may be more than there
// is, or gone: that is an over-committed host, not a bad one.
struct HostSpec {
  std::vector<Node> nodes;
  CpuSet reserved_cpus;               // Never given out.
  std::optional<CpuSet> shared_cpus;  // Both absent: every CPU serves both, and a dedicated claim
  std::optional<CpuSet> dedicated_cpus;  // takes its CPU out of the shared ones. One: the rest.
  double cpu_overcommit = 1.0;
  double memory_overcommit = 1.0;  // Of small pages.
  std::vector<Device> devices;
  std::vector<FabricPartition> fabric_partitions;
  std::vector<Claim> claims;
  bool operator==(const HostSpec&) const = default;
};

}  // namespace berth::placement
