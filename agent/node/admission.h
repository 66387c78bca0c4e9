// SPDX-License-Identifier: Apache-2.0
// Whether an instance can be taken in, or room be held for one, and all that is then written. Pure;
// runs inside the ledger's transaction, so that what it read is still so when it commits.
#pragma once

#include <string>

#include "agent/node/node_agent.h"
#include "scheduler/place.h"

namespace berth::node {

struct AdmissionRequest {
  std::string instance_id;
  model::InstanceSpec spec;  // Resolved: with its shape and the size of its root disk.
  bool emulated = true;      // TCG, which costs more memory.
  bool id_was_used = false;  // By an instance that is erased already (LedgerTxn::WasErased).
};

// Ids for what is made.
struct AdmissionIds {
  std::string operation;
  std::string run_claim;
  std::string disk_claim;
};

struct Admission {
  model::InstanceRecord record;
  model::Operation operation;
  model::Claim run_claim;
  model::Claim disk_claim;
};

// `room` is that of `view`. FAILED_PRECONDITION NODE_CORDONED; ALREADY_EXISTS INSTANCE_EXISTS;
// RESOURCE_EXHAUSTED INSUFFICIENT_CAPACITY.
StatusOr<Admission> Admit(const model::NodeView& view, const scheduler::Room& room,
                          const AdmissionRequest& request, const AdmissionIds& ids, WallTime now);

// The same with the room that `reservation`, which is held, has: its claims become the instance's,
// less what this one does not need. On a cordoned node too. INVALID_ARGUMENT, naming each field:
// another type, shape or tenant than reserved, or more disk; ALREADY_EXISTS as above;
// RESOURCE_EXHAUSTED INSUFFICIENT_CAPACITY if the guest costs the host more memory than was held,
// as when the node has turned from KVM to emulation in between.
StatusOr<Admission> AdmitReserved(const model::NodeView& view,
                                  const model::Reservation& reservation,
                                  const AdmissionRequest& request, const std::string& operation_id,
                                  WallTime now);

// Room for one instance, held until a deadline.
struct ReservationRequest {
  std::string reservation_id;
  std::string tenant_id;
  std::string instance_type;
  model::Shape shape;  // Resolved.
  int64_t disk_mib = 0;
  Duration hold{0};
  bool emulated = true;
  bool id_was_used = false;
};
struct Holding {
  model::Reservation reservation;
  model::Claim run_claim;
  model::Claim disk_claim;
};
// What it is charged is enough for any spec of that shape and disk. ALREADY_EXISTS
// RESERVATION_EXISTS; otherwise as Admit. `ids.operation` is not looked at.
StatusOr<Holding> Hold(const model::NodeView& view, const scheduler::Room& room,
                       const ReservationRequest& request, const AdmissionIds& ids, WallTime now);

// The claim for another start of an instance that holds none. RESOURCE_EXHAUSTED as above.
StatusOr<model::Claim> ClaimForRun(const scheduler::Room& room, const model::InstanceRecord& record,
                                   bool emulated, const std::string& claim_id, WallTime now);

// What running costs a guest of that spec beside its own memory.
scheduler::GuestTraits TraitsOf(const model::InstanceSpec& spec, bool emulated);

// FAILED_PRECONDITION NODE_CORDONED, or OK.
Status CheckCordon(const model::NodeView& view);

}  // namespace berth::node
