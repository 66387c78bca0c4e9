// SPDX-License-Identifier: Apache-2.0
#include "agent/node/verbs.h"

#include <fmt/format.h>

#include <type_traits>
#include <utility>
#include <variant>

#include "agent/images/image_plan.h"
#include "agent/instance/apply_decision.h"
#include "agent/ledger/fence.h"
#include "agent/node/admission.h"
#include "agent/node/exactly_once.h"
#include "agent/node/operation_waiters.h"
#include "agent/node/resolve_spec.h"
#include "core/base/error.h"
#include "core/base/ids.h"
#include "core/base/probe.h"
#include "core/base/reasons.h"

namespace berth::node {
namespace {

// One call that answers a `T`; its body runs on the ledger's executor, and then its answer.
template <typename T>
struct Verb {
  ContextPtr context;
  CallContext call;
  std::string instance_id;
  LifecycleEvent event;
  NodeAgent::DoneWith<T> done;
  model::Topology topology{};  // As it is at the call, where the verb needs room.
  std::optional<T> answer{};
};
template <typename T>
using VerbPtr = std::shared_ptr<Verb<T>>;

Status CheckProtection(const model::InstanceRecord& record, const LifecycleEvent& event) {
  const bool alive = record.intent != model::Intent::kTerminated;
  if (!std::holds_alternative<TerminateRequested>(event) || !alive ||
      !record.spec.termination_protection)
    return OkStatus();
  BERTH_PROBE("a protected instance is not terminated");
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

// The claim for what `decision` begins; its record names it from now on.
StatusOr<model::Claim> AcquireRunClaim(const LedgerTxn& txn, const NodeContext& context,
                                       const model::Topology& topology, Decision& decision) {
  const bool emulated = context.with.hypervisor.Health().accel != "kvm";
  BERTH_ASSIGN_OR_RETURN(model::Claim claim,
                         ClaimForRun(context.Room(txn.view(), topology), decision.record, emulated,
                                     NewClaimId(context.with.random), txn.now()));
  decision.record.run_claim_id = claim.id;
  decision.record.placement = claim.placement;
  decision.record.overhead_mib = claim.overhead_mib;
  return claim;
}

template <typename T>
StatusOr<Decision> DecideVerb(const LedgerTxn& txn, const Verb<T>& verb,
                              const model::InstanceRecord& record) {
  const auto operation = txn.view().operations.Find(record.operation_id);
  const LifecycleContext context{txn.now(), txn.view().identity.boot_id,
                                 NewOperationId(verb.context->with.random), verb.call.principal,
                                 verb.call.request_id};
  return Decide(record, operation.get(), verb.event, context);
}

// What is committed, or would be.
template <typename T>
T AnswerOf(const LedgerTxn& txn, const Verb<T>& verb, const Decision& decision) {
  const auto stored = txn.view().instances.Find(verb.instance_id);
  if constexpr (std::is_same_v<T, model::InstanceRecord>) {
    return verb.call.validate_only ? decision.record : *stored;
  } else {
    return decision.operation ? *decision.operation
                              : *txn.view().operations.Find(stored->operation_id);
  }
}

template <typename T>
Status Take(LedgerTxn& txn, Verb<T>& verb) {
  const auto record = txn.view().instances.Find(verb.instance_id);
  if (record == nullptr) return InstanceNotFound(verb.instance_id);
  BERTH_RETURN_IF_ERROR(CheckFence(txn.view(), verb.call.control_epoch));
  BERTH_RETURN_IF_ERROR(CheckEtag(*record, verb.call));
  BERTH_RETURN_IF_ERROR(CheckProtection(*record, verb.event));
  BERTH_ASSIGN_OR_RETURN(Decision decision, DecideVerb(txn, verb, *record));
  if (Begins(decision, model::OperationKind::kStart))
    BERTH_RETURN_IF_ERROR(CheckCordon(txn.view()));
  std::optional<model::Claim> claim;
  if (decision.acquire_run_claim) {
    BERTH_ASSIGN_OR_RETURN(claim, AcquireRunClaim(txn, *verb.context, verb.topology, decision));
  }
  if (verb.call.validate_only) {
    verb.answer = AnswerOf(txn, verb, decision);
    return OkStatus();
  }
  if (claim) txn.PutClaim(std::move(*claim));
  txn.RaiseControlEpoch(verb.call.control_epoch);
  ApplyDecision(txn, decision);
  verb.answer = AnswerOf(txn, verb, decision);
  KeepAnswer(txn, verb.call, *verb.answer);
  return OkStatus();
}

template <typename T>
Status RunBody(LedgerTxn& txn, Verb<T>& verb) {
  BERTH_ASSIGN_OR_RETURN(verb.answer, FindAnswer<T>(txn, verb.call));
  return verb.answer ? OkStatus() : Take(txn, verb);
}

Status CancelImage(LedgerTxn& txn, Verb<model::Operation>& verb,
                   const model::Operation& operation) {
  BERTH_RETURN_IF_ERROR(CheckFence(txn.view(), verb.call.control_epoch));
  txn.RaiseControlEpoch(verb.call.control_epoch);
  const auto image = txn.view().images.Find(operation.target);
  images::Next next = images::Cancel(*image, operation, txn.now());
  verb.answer = next.operation;
  if (next.changed) {
    txn.PutOperation(std::move(next.operation));
    txn.PutImage(std::move(next.image));
  }
  KeepAnswer(txn, verb.call, *verb.answer);
  return OkStatus();
}

// The instance may be known only now: that of an operation.
Status CancelBody(LedgerTxn& txn, Verb<model::Operation>& verb, const std::string& operation_id) {
  BERTH_ASSIGN_OR_RETURN(verb.answer, FindAnswer<model::Operation>(txn, verb.call));
  if (verb.answer) return OkStatus();
  const auto operation = txn.view().operations.Find(operation_id);
  if (operation == nullptr) return OperationNotFound(operation_id);
  if (!operation->final() && IsImageId(operation->target))
    return CancelImage(txn, verb, *operation);
  verb.instance_id = IsImageId(operation->target) ? "" : operation->target;
  if (!operation->final()) return Take(txn, verb);
  BERTH_RETURN_IF_ERROR(CheckFence(txn.view(), verb.call.control_epoch));
  txn.RaiseControlEpoch(verb.call.control_epoch);
  verb.answer = *operation;
  KeepAnswer(txn, verb.call, *verb.answer);
  return OkStatus();
}

template <typename T>
void Submit(const VerbPtr<T>& verb, Ledger::Body body) {
  // What is only checked is neither stored nor answered from the store.
  if (verb->call.validate_only) verb->call.request_id.clear();
  verb->context->with.ledger.Submit(std::move(body), [verb](Status status) {
    if (!status.ok()) return verb->context->Refuse(std::move(verb->done), std::move(status));
    // Also where nothing changed: a repeat then revives what a lost wake-up left behind.
    if (!verb->instance_id.empty()) verb->context->with.instances.Wake(verb->instance_id);
    verb->context->template Answer<T>(std::move(verb->done), std::move(*verb->answer));
  });
}

template <typename T>
VerbPtr<T> MakeVerb(const ContextPtr& context, CallContext call, const std::string& instance_id,
                    LifecycleEvent event, NodeAgent::DoneWith<T> done) {
  return std::make_shared<Verb<T>>(
      Verb<T>{context, std::move(call), instance_id, std::move(event), std::move(done)});
}

}  // namespace

Status CheckCall(const CallContext& call, const std::string& instance_id) {
  std::vector<FieldViolation> faults = CallFaults(call);
  const Status id = CheckInstanceId(instance_id);
  if (!id.ok()) faults.push_back(DetailsOf(id).violations.front());
  return faults.empty() ? OkStatus() : InvalidFields(std::move(faults));
}

void RunVerb(const ContextPtr& context, CallContext call, const std::string& instance_id,
             LifecycleEvent event, NodeAgent::DoneWith<model::InstanceRecord> done) {
  if (Status status = CheckCall(call, instance_id); !status.ok())
    return context->Refuse(std::move(done), std::move(status));
  const auto verb =
      MakeVerb(context, std::move(call), instance_id, std::move(event), std::move(done));
  if (std::holds_alternative<StartRequested>(verb->event)) verb->topology = context->TopologyNow();
  Submit(verb, [verb](LedgerTxn& txn) { return RunBody(txn, *verb); });
}

void Resize(const ContextPtr& context, CallContext call, const std::string& instance_id,
            const ResizeArgs& args, NodeAgent::DoneWith<model::Operation> done) {
  if (Status status = CheckInstanceId(instance_id); !status.ok())
    return context->Refuse(std::move(done), std::move(status));
  auto resolved =
      ResolveShape(call, args.instance_type, args.shape, /*tenant_id=*/"", context->with.types);
  if (!resolved.ok()) return context->Refuse(std::move(done), std::move(resolved).status());
  const auto verb = MakeVerb(
      context, std::move(call), instance_id,
      ResizeRequested{std::move(resolved->spec.instance_type), std::move(resolved->spec.shape)},
      std::move(done));
  verb->topology = context->TopologyNow();
  Submit(verb, [verb](LedgerTxn& txn) { return RunBody(txn, *verb); });
}

void Cancel(const ContextPtr& context, CallContext call, const std::string& operation_id,
            NodeAgent::DoneWith<model::Operation> done) {
  if (auto faults = CallFaults(call); !faults.empty())
    return context->Refuse(std::move(done), InvalidFields(std::move(faults)));
  const auto verb = MakeVerb(context, std::move(call), "", CancelRequested{}, std::move(done));
  Submit(verb,
         [verb, operation_id](LedgerTxn& txn) { return CancelBody(txn, *verb, operation_id); });
}

}  // namespace berth::node
