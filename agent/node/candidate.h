// SPDX-License-Identifier: Apache-2.0
// One instance that a call asks for, from what its caller sent to what can be admitted: the shape
// resolved, what it boots from looked at, and the size of its root disk known.
#pragma once

#include "agent/ledger/ledger_txn.h"
#include "agent/node/node_context.h"

namespace berth::node {

struct Candidate {
  CreateInstanceArgs args;
  model::InstanceSpec spec;  // Resolved.
  bool emulated = true;      // What it would be started with.
};

// Errors are those of NodeAgent::CreateInstance that need no ledger. `done` may be called from
// inside.
void Prepare(const ContextPtr& context, const CallContext& call, CreateInstanceArgs args,
             NodeAgent::DoneWith<Candidate> done);

// In a transaction: places the candidate, or takes the room of its reservation, and writes record,
// claims and operation; the answer is the record. With args.validate_only nothing is written, and
// an id that was not given stays "". On error nothing is written. `topology_now` is the hardware as
// it is.
StatusOr<model::InstanceRecord> AdmitCandidate(LedgerTxn& txn, const NodeContext& context,
                                               const CallContext& call, const Candidate& candidate,
                                               const model::Topology& topology_now);

// UNAVAILABLE HYPERVISOR_UNAVAILABLE with retry_after, or OK.
Status CheckHypervisor(const HypervisorHealth& health);

}  // namespace berth::node
