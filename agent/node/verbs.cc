// SPDX-License-Identifier: Apache-2.0
#include "agent/node/verbs.h"

#include <fmt/format.h>

#include <utility>
#include <variant>

#include "agent/instance/apply_decision.h"
#include "agent/node/admission.h"
#include "agent/node/exactly_once.h"
#include "agent/node/resolve_spec.h"
#include "core/base/error.h"
#include "core/base/ids.h"
#include "core/base/reasons.h"

namespace berth::node {
namespace {

// One call; its body runs on the ledger's executor, and then its answer.
struct Verb {
  ContextPtr context;
  CallContext call;
  std::string instance_id;
  LifecycleEvent event;
  NodeAgent::DoneWith<model::InstanceRecord> done;
  model::Topology topology{};  // As it is at the call; of a start only.
  std::optional<model::InstanceRecord> answer{};
};

Status CheckProtection(const model::InstanceRecord& record, const LifecycleEvent& event) {
  const bool alive = record.intent != model::Intent::kTerminated;
  if (!std::holds_alternative<TerminateRequested>(event) || !alive ||
      !record.spec.termination_protection)
    return OkStatus();
  return MakeError(
      StatusCode::kFailedPrecondition,
      fmt::format("{} is protected against termination: take "
                  "spec.termination_protection off first",
                  record.id),
      {.reason = reasons::kOperationNotPermitted, .metadata = {{"instance_id", record.id}}});
}

bool Begins(const Decision& decision, model::OperationKind kind) {
  return decision.changed && decision.operation && decision.operation->kind == kind &&
         !decision.operation->final();
}

Status AcquireRunClaim(LedgerTxn& txn, const NodeContext& context, const model::Topology& topology,
                       Decision& decision) {
  const bool emulated = context.with.hypervisor.Health().accel != "kvm";
  BERTH_ASSIGN_OR_RETURN(model::Claim claim,
                         ClaimForRun(context.Room(txn.view(), topology), decision.record, emulated,
                                     NewClaimId(context.with.random), txn.now()));
  decision.record.run_claim_id = claim.id;
  decision.record.placement = claim.placement;
  decision.record.overhead_mib = claim.overhead_mib;
  txn.PutClaim(std::move(claim));
  return OkStatus();
}

StatusOr<Decision> DecideVerb(const LedgerTxn& txn, const Verb& verb,
                              const model::InstanceRecord& record) {
  const auto operation = txn.view().operations.Find(record.operation_id);
  const LifecycleContext context{txn.now(), txn.view().identity.boot_id,
                                 NewOperationId(verb.context->with.random), verb.call.principal,
                                 verb.call.request_id};
  return Decide(record, operation.get(), verb.event, context);
}

Status RunBody(LedgerTxn& txn, Verb& verb) {
  BERTH_ASSIGN_OR_RETURN(verb.answer, FindAnswer<model::InstanceRecord>(txn, verb.call));
  if (verb.answer) return OkStatus();
  const auto record = txn.view().instances.Find(verb.instance_id);
  if (record == nullptr) return InstanceNotFound(verb.instance_id);
  BERTH_RETURN_IF_ERROR(CheckFence(txn.view(), verb.call));
  BERTH_RETURN_IF_ERROR(CheckEtag(*record, verb.call));
  BERTH_RETURN_IF_ERROR(CheckProtection(*record, verb.event));
  BERTH_ASSIGN_OR_RETURN(Decision decision, DecideVerb(txn, verb, *record));
  if (Begins(decision, model::OperationKind::kStart))
    BERTH_RETURN_IF_ERROR(CheckCordon(txn.view()));
  if (decision.acquire_run_claim)
    BERTH_RETURN_IF_ERROR(AcquireRunClaim(txn, *verb.context, verb.topology, decision));

  txn.RaiseControlEpoch(verb.call.control_epoch);
  ApplyDecision(txn, decision);
  verb.answer = *txn.view().instances.Find(verb.instance_id);
  KeepAnswer(txn, verb.call, *verb.answer);
  return OkStatus();
}

Status CheckCall(const CallContext& call, const std::string& instance_id) {
  std::vector<FieldViolation> faults = CallFaults(call);
  const Status id = CheckInstanceId(instance_id);
  if (!id.ok()) faults.push_back(DetailsOf(id).violations.front());
  return faults.empty() ? OkStatus() : InvalidFields(std::move(faults));
}

}  // namespace

void RunVerb(const ContextPtr& context, CallContext call, const std::string& instance_id,
             LifecycleEvent verb, NodeAgent::DoneWith<model::InstanceRecord> done) {
  if (Status status = CheckCall(call, instance_id); !status.ok())
    return context->Refuse(std::move(done), std::move(status));
  auto state = std::make_shared<Verb>(
      Verb{context, std::move(call), instance_id, std::move(verb), std::move(done)});
  if (std::holds_alternative<StartRequested>(state->event))
    state->topology = context->TopologyNow();
  context->with.ledger.Submit([state](LedgerTxn& txn) { return RunBody(txn, *state); },
                              [state](Status status) {
                                if (!status.ok())
                                  return state->context->Refuse(std::move(state->done),
                                                                std::move(status));
                                // Also where nothing changed: a repeat then revives what a lost
                                // wake-up left behind.
                                state->context->with.instances.Wake(state->instance_id);
                                state->context->Answer<model::InstanceRecord>(
                                    std::move(state->done), std::move(*state->answer));
                              });
}

}  // namespace berth::node
