// SPDX-License-Identifier: Apache-2.0
// An immutable picture of the ledger at one revision. Copying one shares everything that did not
// change; Get, List, metrics and health each take one and answer from it alone.
#pragma once

#include <string>

#include "core/base/persistent_map.h"
#include "core/model/claim.h"
#include "core/model/image.h"
#include "core/model/instance_record.h"
#include "core/model/operation.h"
#include "core/model/reservation.h"

namespace berth::model {

// Who this node and this ledger are. All but boot_id and agent_epoch are made once, with the file.
struct Identity {
  std::string node_id;      // UUID; may be set in the config, else made with the first ledger.
  std::string ledger_id;    // UUID of this ledger file; a rebuilt one has another.
  std::string boot_id;      // Of the host's kernel, now.
  int64_t agent_epoch = 0;  // +1 per start of the agent on this ledger.
  bool operator==(const Identity&) const = default;
};

struct NodeView {
  int64_t revision = 0;
  Identity identity;
  int64_t control_epoch = 0;  // The highest seen.
  bool cordoned = false;
  PersistentMap<InstanceRecord> instances;
  PersistentMap<Operation> operations;
  PersistentMap<Reservation> reservations;
  PersistentMap<Image> images;
  PersistentMap<Claim> claims;
  Resources allocated;  // The sum of `claims`; whoever changes claims keeps it so.
};

}  // namespace berth::model
