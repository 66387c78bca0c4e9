// SPDX-License-Identifier: Apache-2.0
// What every mutating call checks in its transaction: was it answered before, does the caller still
// speak for the control plane, is the instance as the caller read it.
#pragma once

#include <optional>

#include "agent/ledger/ledger_txn.h"
#include "agent/node/node_agent.h"
#include "core/model/batch_outcome.h"

namespace berth::node {

// The answer that this call was given before, decoded; nullopt if it is new or carries no request
// id. INVALID_ARGUMENT IDEMPOTENT_PARAMETER_MISMATCH: the id belongs to a call with other
// parameters.
//
// `T` is what the call answers: model::InstanceRecord, Operation, Reservation, Image or
// BatchOutcome.
template <typename T>
StatusOr<std::optional<T>> FindAnswer(LedgerTxn& txn, const CallContext& call);

// Keeps the answer for a repeat, if the call carries a request id.
template <typename T>
void KeepAnswer(LedgerTxn& txn, const CallContext& call, const T& answer);

// ABORTED ETAG_MISMATCH unless the caller gave none or the present one.
Status CheckEtag(const model::InstanceRecord& record, const CallContext& call);

}  // namespace berth::node
