// SPDX-License-Identifier: Apache-2.0
// The frame of a mutating call that is one transaction: answered before? does the caller still
// speak for the control plane? then its body, and its answer kept for a repeat.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "agent/ledger/fence.h"
#include "agent/node/exactly_once.h"
#include "agent/node/node_context.h"

namespace berth::node {

// `T` is what the call answers (exactly_once.h). With call.validate_only nothing is kept, and the
// body writes nothing.
template <typename T>
void SubmitOnce(const ContextPtr& context, CallContext call,
                std::function<StatusOr<T>(LedgerTxn&)> body, NodeAgent::DoneWith<T> done) {
  struct State {
    CallContext call;
    std::function<StatusOr<T>(LedgerTxn&)> body;
    NodeAgent::DoneWith<T> done;
    std::optional<T> answer{};
  };
  // What is only checked is neither stored nor answered from the store.
  if (call.validate_only) call.request_id.clear();
  auto state = std::make_shared<State>(State{std::move(call), std::move(body), std::move(done)});
  context->with.ledger.Submit(
      [state](LedgerTxn& txn) -> Status {
        BERTH_ASSIGN_OR_RETURN(state->answer, FindAnswer<T>(txn, state->call));
        if (state->answer) return OkStatus();
        BERTH_RETURN_IF_ERROR(CheckFence(txn.view(), state->call.control_epoch));
        BERTH_ASSIGN_OR_RETURN(state->answer, state->body(txn));
        if (state->call.validate_only) return OkStatus();
        txn.RaiseControlEpoch(state->call.control_epoch);
        KeepAnswer(txn, state->call, *state->answer);
        return OkStatus();
      },
      [context, state](Status status) {
        if (!status.ok()) return context->Refuse(std::move(state->done), std::move(status));
        context->Answer<T>(std::move(state->done), std::move(*state->answer));
      });
}

}  // namespace berth::node
