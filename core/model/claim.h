// SPDX-License-Identifier: Apache-2.0
// What someone holds of the host.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/clock.h"
#include "core/model/placement.h"

namespace berth::model {

// Amounts of what is counted. `vcpus` are shared vCPUs: the limit is CPUs times the overcommit.
// `memory_mib` is small pages; what lies in page pools is in the placement alone.
struct Resources {
  int64_t vcpus = 0;
  int64_t memory_mib = 0;
  int64_t disk_mib = 0;
  int64_t dedicated_cpus = 0;  // Charged to dedicated vCPUs, siblings and emulators with them.

  Resources& operator+=(const Resources& other) {
    vcpus += other.vcpus;
    memory_mib += other.memory_mib;
    disk_mib += other.disk_mib;
    dedicated_cpus += other.dedicated_cpus;
    return *this;
  }
  Resources& operator-=(const Resources& other) {
    vcpus -= other.vcpus;
    memory_mib -= other.memory_mib;
    disk_mib -= other.disk_mib;
    dedicated_cpus -= other.dedicated_cpus;
    return *this;
  }
  friend Resources operator+(Resources a, const Resources& b) { return a += b; }
  friend Resources operator-(Resources a, const Resources& b) { return a -= b; }
  bool operator==(const Resources&) const = default;
};

// What running at `placement` takes of the node's totals; larger pages come from pools of their
// own.
Resources HeldToRun(const Placement& placement, int64_t overhead_mib);

enum class ClaimOwner { kInstance, kReservation, kForeignGuest, kImage };

// An instance has up to two: one for what only a running guest needs (vCPUs, memory, devices),
// given back when it stops, and one for its disk, kept until it is terminated. A reservation has
// both, and hands them to the instance that it becomes. An image has one for its file. Those of
// foreign guests are in no ledger.
struct Claim {
  std::string id;
  ClaimOwner owner = ClaimOwner::kInstance;
  std::string owner_id;
  Resources held;            // With the overhead.
  int64_t overhead_mib = 0;  // The part of held.memory_mib that is not the guest's own.
  // Of a claim for running: whose it is, what it bears on its cores, and where it lies.
  std::string tenant_id;
  CoreSharing core_sharing = CoreSharing::kSameTenant;
  Placement placement;
  WallTime created{};               // 0: not written down.
  std::optional<WallTime> expires;  // Of a reservation.
  bool operator==(const Claim&) const = default;
};

}  // namespace berth::model
