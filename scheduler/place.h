// SPDX-License-Identifier: Apache-2.0
// Whether a guest has room on this host, where it goes, and what it is to be charged. Values in,
// values out: no I/O, no clock, no randomness; the same input gives the same answer, so it runs
// inside the ledger's transaction on what is claimed there.
//
// place_exact.h has the rules of CPUs, memory and devices (docs/placement.md). Disk is added up
// here; it is never overcommitted, and belongs to no NUMA node.
#pragma once

#include <string>
#include <variant>

#include "core/base/status.h"
#include "core/model/claim.h"
#include "core/model/instance_spec.h"
#include "scheduler/host.h"
#include "scheduler/overhead.h"
#include "scheduler/placement.h"

namespace berth::scheduler {

// The host as it is now.
struct Room {
  const placement::Host& host;
  int64_t disk_left_mib = 0;  // Below 0: more is claimed than there is.
};

struct Demand {
  model::Shape shape;
  std::string tenant_id;
  GuestTraits traits;
  // False: its disk is charged already, as at the start of a stopped instance.
  bool with_disk = true;
};

// What is to be charged, in the two parts that live for different times (core/model/claim.h).
struct Charge {
  model::Resources run;  // vCPUs and small pages, with the overhead.
  int64_t overhead_mib = 0;
  model::Placement placement;
  model::Resources disk;
  bool operator==(const Charge&) const = default;
};

// How the demand reads to the placement rules.
placement::Request RequestOf(const Demand& demand);

// The charge, or why there is none; disk is among the reasons.
std::variant<Charge, placement::Refusal> TryPlace(const Room& room, const Demand& demand);

// The charge, or RESOURCE_EXHAUSTED INSUFFICIENT_CAPACITY: every short resource is in the message
// ("short of memory by 512 MiB: 2048 wanted, 1536 free") and in the metadata as <resource>_wanted,
// _free and _short, with "node1_" before it where the host has several NUMA nodes. The resources
// are those of placement.h, but "vcpus" for shared ones, and disk_mib; memory is with the overhead.
// nearest_vcpus or nearest_memory_mib is given where that alone, changed to it, would fit.
StatusOr<Charge> Place(const Room& room, const Demand& demand);

}  // namespace berth::scheduler
