// SPDX-License-Identifier: Apache-2.0
// Whether an instance can be taken in, and all that is then written. Pure; runs inside the ledger's
// transaction, so that what it read is still so when it commits.
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

// The claim for another start of an instance that holds none. RESOURCE_EXHAUSTED as above.
StatusOr<model::Claim> ClaimForRun(const scheduler::Room& room, const model::InstanceRecord& record,
                                   bool emulated, const std::string& claim_id);

// What running costs a guest of that spec beside its own memory.
scheduler::GuestTraits TraitsOf(const model::InstanceSpec& spec, bool emulated);

// FAILED_PRECONDITION NODE_CORDONED, or OK.
Status CheckCordon(const model::NodeView& view);

}  // namespace berth::node
