// SPDX-License-Identifier: Apache-2.0
// What a guest is given: vCPUs, memory and devices, and by which rules they are placed on the host
// (docs/placement.md says what each choice means). Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace berth::model {

// kMixed: the vCPUs of Shape::dedicated_vcpus are dedicated, the others shared.
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

// Resolved: of a named instance type or given in the request itself.
struct Shape {
  int32_t vcpus = 0;       // 1 to 1024; their ids are 0 to vcpus - 1.
  int64_t memory_mib = 0;  // Guest memory without the hypervisor's overhead; 32 MiB to 64 TiB.
  CpuPolicy cpu_policy = CpuPolicy::kShared;
  std::vector<int> dedicated_vcpus;  // With kMixed and without explicit cells; ascending.
  SmtPolicy smt_policy = SmtPolicy::kPrefer;
  CoreSharing core_sharing = CoreSharing::kSameTenant;
  EmulatorPolicy emulator_policy = EmulatorPolicy::kShared;
  PageSize page_size;  // Explicit cells have their own.
  Numa numa;
  std::vector<int> node_set;  // Ids of the host's nodes that may be used; empty = all.
  std::vector<DeviceDemand> devices;
  // A stopped instance keeps what it was placed on, and so can always start again.
  bool reserve_when_stopped = false;
  bool operator==(const Shape&) const = default;
};

}  // namespace berth::model
