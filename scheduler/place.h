// SPDX-License-Identifier: Apache-2.0
// Whether a guest has room on this host, and what it is to be charged. Values in, values out: no
// I/O, no clock, no randomness; the same input gives the same answer, so it runs inside the
// ledger's transaction on what is allocated there.
//
// Rules (docs/architecture.md, "Placement"):
//   - What is charged never adds up to more than Capacity::Allocatable().
//   - Overcommit is between guests, never within one: a guest with more vCPUs than the host has
//   CPUs
//     to give is refused at any ratio. Memory and disk are never overcommitted.
//   - A host whose capacity has shrunk below what is allocated keeps what it has and takes nothing
//   more
//     of the resource that is over.
#pragma once

#include "core/base/status.h"
#include "core/model/capacity.h"
#include "core/model/claim.h"
#include "core/model/instance_spec.h"
#include "scheduler/overhead.h"

namespace berth::scheduler {

struct Host {
  model::Capacity capacity;
  model::Resources allocated;  // By all claims.
};

struct Demand {
  model::Shape shape;
  GuestTraits traits;
  bool with_disk =
      true;  // False: its disk is charged already, as at the start of a stopped instance.
};

// What is to be charged, in the two parts that live for different times (core/model/claim.h).
struct Placement {
  model::Resources run;  // vCPUs and memory, with the overhead.
  int64_t overhead_mib = 0;
  model::Resources disk;
  bool operator==(const Placement&) const = default;
};

// The placement, or RESOURCE_EXHAUSTED INSUFFICIENT_CAPACITY: every short resource is in the
// message
// ("short of memory by 512 MiB: 2048 wanted, 1536 free") and in the metadata as <resource>_wanted,
// _free and _short (vcpus, memory_mib, disk_mib; memory with the overhead); nearest_vcpus or
// nearest_memory_mib is given where that alone, changed to it, would fit.
StatusOr<Placement> Place(const Host& host, const Demand& demand);

}  // namespace berth::scheduler
