// SPDX-License-Identifier: Apache-2.0
// What a guest asks of a host's CPUs, memory and devices. A value; docs/placement.md says what each
// choice means.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace berth::placement {

// kMixed: the vCPUs of Request::dedicated_vcpus are dedicated, the others shared.
enum class CpuPolicy { kShared, kDedicated, kMixed };
// How dedicated vCPUs use sibling threads.
enum class SmtPolicy { kPrefer, kRequire, kIsolate };
// Whose vCPUs may sit on the threads beside a dedicated one.
enum class CoreSharing { kSameTenant, kNone, kAny };
// Where the hypervisor's own threads run.
enum class EmulatorPolicy { kShared, kIsolate };
enum class Affinity { kPreferred, kRequired, kNone };

inline constexpr int64_t kBasePageKib = 4;

struct PageSize {
  // kLarge: the largest pool that divides the cell and has room. kAny: that, else small.
  // kExact: `kib`, which must divide the cell.
  enum class Kind { kSmall, kLarge, kAny, kExact } kind = Kind::kSmall;
  int64_t kib = 0;  // With kExact only.
  bool operator==(const PageSize&) const = default;
};

// A NUMA node of the guest, which lies in one of the host's. vCPU ids, ascending.
struct GuestCell {
  std::vector<int> dedicated_vcpus;
  std::vector<int> shared_vcpus;
  int64_t memory_mib = 0;
  PageSize page_size;
  bool operator==(const GuestCell&) const = default;
};

struct Numa {
  // kAuto: as few cells as the host allows. kEqual: `cells` alike ones. kExplicit:
  // `explicit_cells`.
  enum class Kind { kAuto, kEqual, kExplicit } kind = Kind::kAuto;
  int cells = 0;
  std::vector<GuestCell> explicit_cells;
  bool operator==(const Numa&) const = default;
};

struct DeviceDemand {
  std::string kind;
  std::string model;  // "" = any.
  int count = 0;
  Affinity affinity = Affinity::kPreferred;
  bool operator==(const DeviceDemand&) const = default;
};

struct Request {
  int vcpus = 0;  // Their ids are 0 to vcpus - 1.
  int64_t memory_mib = 0;
  CpuPolicy cpu_policy = CpuPolicy::kShared;
  std::vector<int> dedicated_vcpus;  // With kMixed and without explicit cells; ascending.
  SmtPolicy smt_policy = SmtPolicy::kPrefer;
  CoreSharing core_sharing = CoreSharing::kSameTenant;
  EmulatorPolicy emulator_policy = EmulatorPolicy::kShared;
  PageSize page_size;  // Explicit cells have their own.
  std::string tenant;
  Numa numa;
  std::vector<DeviceDemand> devices;
  std::optional<std::vector<int>> node_set;  // Ids of the nodes that may be used; nullopt = all.
  int64_t overhead_mib = 0;  // Small pages on cell 0's node, beside the guest's memory.
  bool operator==(const Request&) const = default;
};

}  // namespace berth::placement
