// SPDX-License-Identifier: Apache-2.0
// Room held until a deadline, with no instance yet. A value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/clock.h"
#include "core/model/placement.h"

namespace berth::model {

// Only kHeld holds anything; the others are final.
enum class ReservationState { kHeld, kCommitted, kReleased, kExpired };

struct Reservation {
  std::string id;
  ReservationState state = ReservationState::kHeld;
  std::string tenant_id;
  std::string instance_type;  // "" = a custom shape.
  Shape shape;                // Resolved.
  int64_t disk_mib = 0;       // As a guest sees it, over all its disks.

  // As an instance's (instance_record.h); empty once it has ended.
  std::string run_claim_id;
  std::string disk_claim_id;
  Placement placement;
  int64_t overhead_mib = 0;
  int64_t claimed_disk_mib = 0;

  std::string instance_id;  // That it became; "" but for kCommitted.
  WallTime created{};
  WallTime expires{};
  std::optional<WallTime> ended;
  int64_t revision = 0;  // The ledger's at the last change of this; the ledger sets it.
  bool operator==(const Reservation&) const = default;
};

}  // namespace berth::model
