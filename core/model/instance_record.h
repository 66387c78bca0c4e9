// SPDX-License-Identifier: Apache-2.0
// One instance as the ledger holds it: what was asked (spec, intent, generation) and what is so.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/model/instance_spec.h"
#include "core/model/placement.h"

namespace berth::model {

// EC2's states (docs/architecture.md, "Life of an instance").
enum class InstanceState { kPending, kRunning, kStopping, kStopped, kShuttingDown, kTerminated };

// What the owner wants it to be.
enum class Intent { kRunning, kStopped, kTerminated };

// Why it is in its state; the codes are EC2's ("Client.UserInitiatedShutdown").
struct StateReason {
  std::string code;
  std::string message;
  bool operator==(const StateReason&) const = default;
};

// What an instance was before the resize that is under way: given back when that is done, taken
// back when it fails.
struct ResizedFrom {
  std::string instance_type;
  Shape shape;
  std::string run_claim_id;  // "" = it held none.
  Placement placement;
  int64_t overhead_mib = 0;
  bool operator==(const ResizedFrom&) const = default;
};

struct InstanceRecord {
  std::string id;
  InstanceSpec spec;
  Intent intent = Intent::kRunning;
  int64_t generation = 1;  // +1 per change of spec or intent, never by an observation.

  InstanceState state = InstanceState::kPending;
  StateReason state_reason;
  WallTime state_time{};             // When `state` last changed.
  int64_t observed_generation = 0;   // The generation that the state has caught up with.
  WallTime observed_time{};          // When the hypervisor last confirmed the state.
  bool reachable = true;             // False: the state is the last known, not a fresh one.
  std::vector<WallTime> recoveries;  // When it was last started again by itself, ascending.
  int32_t boot_count = 0;
  std::string boot_id;    // Host boot in which the guest was last started.
  std::string accel;      // "kvm" or "tcg" of the last start; "" before it.
  int64_t guest_pid = 0;  // Of the guest's process when it was last seen; 0: none, or not known.

  std::string operation_id;  // The current or last operation.
  std::string run_claim_id;  // vCPUs and memory; "" while it holds none.
  std::string disk_claim_id;
  // What these claims say, kept here too so that an answer given again shows it as it was.
  Placement placement;       // Empty without a run claim.
  int64_t overhead_mib = 0;  // Likewise 0.
  int64_t claimed_disk_mib = 0;
  std::optional<ResizedFrom> resized_from;  // While a resize is under way; `spec` is the new one.

  WallTime created{};
  std::optional<WallTime> terminated;
  int64_t revision = 0;  // The ledger's at the last change of this record; the ledger sets it.
  bool operator==(const InstanceRecord&) const = default;
};

}  // namespace berth::model
