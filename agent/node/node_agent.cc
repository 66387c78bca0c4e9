// SPDX-License-Identifier: Apache-2.0
#include "agent/node/node_agent.h"

#include <utility>

#include "agent/node/create_flow.h"
#include "agent/node/event_log.h"
#include "agent/node/foreign.h"
#include "agent/node/held_reservation.h"
#include "agent/node/interrupt.h"
#include "agent/node/listing.h"
#include "agent/node/node_context.h"
#include "agent/node/operation_waiters.h"
#include "agent/node/over_commitment.h"
#include "agent/node/planning.h"
#include "agent/node/reachability.h"
#include "agent/node/reservation_expiry.h"
#include "agent/node/reserve.h"
#include "agent/node/resume_token.h"
#include "agent/node/retention.h"
#include "agent/node/verbs.h"
#include "agent/node/watch_hub.h"
#include "scheduler/host_of.h"

namespace berth {

using node::NodeContext;

// One object per noun; calls that are on their way hold the context and outlive this.
class NodeAgent::Impl {
 public:
  explicit Impl(Dependencies dependencies)
      : context(std::make_shared<const NodeContext>(std::move(dependencies))),
        listings(context->with.ledger, context->with.clock),
        planning(context),
        images(context, listings),
        waiters(std::make_shared<node::OperationWaiters>(context)),
        watches(std::make_shared<node::WatchHub>(context)),
        retention(std::make_shared<node::Retention>(context)),
        expiry(std::make_shared<node::ReservationExpiry>(context)) {
    retention->Start();
    expiry->Look();
  }

  const node::ContextPtr context;
  node::Listings listings;
  node::Planning planning;
  ImageCatalog images;
  const std::shared_ptr<node::OperationWaiters> waiters;
  const std::shared_ptr<node::WatchHub> watches;
  const std::shared_ptr<node::Retention> retention;
  const std::shared_ptr<node::ReservationExpiry> expiry;
};

NodeAgent::NodeAgent(Dependencies dependencies)
    : impl_(std::make_shared<Impl>(std::move(dependencies))) {}

NodeAgent::~NodeAgent() = default;

void NodeAgent::ViewPublished(const std::shared_ptr<const model::NodeView>& view,
                              const std::vector<InstanceChange>& changes) {
  impl_->waiters->ViewPublished(*view);
  impl_->watches->Published(*view, changes);
  impl_->expiry->ViewPublished(*view);
}

void NodeAgent::ForeignGuestsFound(std::vector<model::ForeignGuest> guests) {
  const auto& context = impl_->context;
  if (context->foreign->Get()->guests == guests) return;
  const placement::HostSpec host =
      placement::HostSpecOf(context->with.topology, context->with.capacity);
  context->foreign->Set(
      std::make_shared<const node::ForeignHoldings>(node::HoldingsOf(std::move(guests), host)));
}

void NodeAgent::CreateInstance(CallContext call, CreateInstanceArgs args,
                               DoneWith<model::InstanceRecord> done) {
  node::CreateInstance(impl_->context, std::move(call), std::move(args), std::move(done));
}

void NodeAgent::BatchCreateInstances(CallContext call, BatchCreateArgs args,
                                     DoneWith<model::BatchOutcome> done) {
  node::BatchCreateInstances(impl_->context, std::move(call), std::move(args), std::move(done));
}

void NodeAgent::Reserve(CallContext call, ReserveArgs args, DoneWith<model::Reservation> done) {
  node::Reserve(impl_->context, std::move(call), std::move(args), std::move(done));
}

void NodeAgent::Release(CallContext call, const std::string& id,
                        DoneWith<model::Reservation> done) {
  node::Release(impl_->context, std::move(call), id, std::move(done));
}

void NodeAgent::StartInstance(CallContext call, const std::string& id,
                              DoneWith<model::InstanceRecord> done) {
  node::RunVerb(impl_->context, std::move(call), id, StartRequested{}, std::move(done));
}

void NodeAgent::StopInstance(CallContext call, const std::string& id, StopRequested how,
                             DoneWith<model::InstanceRecord> done) {
  node::RunVerb(impl_->context, std::move(call), id, how, std::move(done));
}

void NodeAgent::RebootInstance(CallContext call, const std::string& id, RebootRequested how,
                               DoneWith<model::InstanceRecord> done) {
  node::RunVerb(impl_->context, std::move(call), id, how, std::move(done));
}

void NodeAgent::TerminateInstance(CallContext call, const std::string& id, TerminateRequested how,
                                  DoneWith<model::InstanceRecord> done) {
  node::RunVerb(impl_->context, std::move(call), id, how, std::move(done));
}

void NodeAgent::ResizeInstance(CallContext call, const std::string& id, ResizeArgs args,
                               DoneWith<model::Operation> done) {
  node::Resize(impl_->context, std::move(call), id, args, std::move(done));
}

void NodeAgent::UpdateInstance(CallContext call, const std::string& id, model::SpecUpdate update,
                               DoneWith<model::InstanceRecord> done) {
  node::RunVerb(impl_->context, std::move(call), id, UpdateRequested{std::move(update)},
                std::move(done));
}

void NodeAgent::SendDiagnosticInterrupt(CallContext call, const std::string& id,
                                        DoneWith<model::InstanceRecord> done) {
  node::Interrupt(impl_->context, std::move(call), id, std::move(done));
}

void NodeAgent::CancelOperation(CallContext call, const std::string& operation_id,
                                DoneWith<model::Operation> done) {
  node::Cancel(impl_->context, std::move(call), operation_id, std::move(done));
}

StatusOr<std::shared_ptr<const model::InstanceRecord>> NodeAgent::GetInstance(
    const std::string& id) const {
  BERTH_RETURN_IF_ERROR(node::CheckInstanceId(id));
  const auto& with = impl_->context->with;
  auto record = with.ledger.View()->instances.Find(id);
  if (record == nullptr) return node::InstanceNotFound(id);
  return node::WithReachability(std::move(record), with.hypervisor.Health());
}

StatusOr<ListInstancesResult> NodeAgent::ListInstances(const ListInstancesArgs& args) const {
  BERTH_ASSIGN_OR_RETURN(ListInstancesResult result, impl_->listings.Page(args));
  const HypervisorHealth health = impl_->context->with.hypervisor.Health();
  for (auto& record : result.instances) record = node::WithReachability(std::move(record), health);
  return result;
}

StatusOr<std::shared_ptr<const model::Reservation>> NodeAgent::GetReservation(
    const std::string& id) const {
  BERTH_RETURN_IF_ERROR(node::CheckReservationId(id));
  return node::FindReservation(*impl_->context->with.ledger.View(), id);
}

StatusOr<ListReservationsResult> NodeAgent::ListReservations(
    const ListReservationsArgs& args) const {
  return impl_->listings.Reservations(args);
}

StatusOr<std::shared_ptr<const model::Operation>> NodeAgent::GetOperation(
    const std::string& id) const {
  auto operation = impl_->context->with.ledger.View()->operations.Find(id);
  if (operation == nullptr) return node::OperationNotFound(id);
  return operation;
}

StatusOr<ListOperationsResult> NodeAgent::ListOperations(const ListOperationsArgs& args) const {
  return impl_->listings.Operations(args);
}

void NodeAgent::WaitOperation(const std::string& id, Duration timeout,
                              DoneWith<std::shared_ptr<const model::Operation>> done) {
  impl_->waiters->Wait(id, timeout, std::move(done));
}

void NodeAgent::GetConsoleOutput(const std::string& id, int64_t max_bytes,
                                 DoneWith<std::string> done) {
  const auto& context = impl_->context;
  if (const auto record = GetInstance(id); !record.ok())
    return context->Answer<std::string>(std::move(done), record.status());
  context->with.storage.ReadConsole(id, max_bytes, std::move(done));
}

StatusOr<InstanceWatchPtr> NodeAgent::WatchInstances(WatchArgs args) {
  return impl_->watches->Watch(std::move(args));
}

StatusOr<std::shared_ptr<NodeWatch>> NodeAgent::WatchNode(const std::string& resume_token,
                                                          NodeWatch::Fingerprint other) {
  const auto view = impl_->context->with.ledger.View();
  int64_t seen = view->revision;
  if (!resume_token.empty()) {
    BERTH_ASSIGN_OR_RETURN(
        seen, node::RevisionOf(resume_token, view->identity.ledger_id, view->revision));
  }
  return std::make_shared<NodeWatch>(impl_->context, seen, std::move(other));
}

void NodeAgent::ListEvents(const ListEventsArgs& args, DoneWith<ListEventsResult> done) {
  node::ListEvents(impl_->context, args, std::move(done));
}

ImageCatalog& NodeAgent::images() { return impl_->images; }

std::vector<std::string> NodeAgent::OverCommitments() const {
  return node::OverCommitments(*impl_->planning.HostAt(*impl_->context->with.ledger.View()));
}

model::Resources NodeAgent::Allocated() const {
  const auto& context = impl_->context;
  return context->with.ledger.View()->allocated + context->foreign->Get()->held;
}

NodeInfo NodeAgent::GetNode() const {
  const auto& with = impl_->context->with;
  const auto view = with.ledger.View();
  const auto foreign = impl_->context->foreign->Get();
  return {.identity = view->identity,
          .topology = with.topology,
          .capacity = with.capacity,
          .allocated = view->allocated + foreign->held,
          .host = impl_->planning.HostAt(*view),
          .foreign = foreign,
          .revision = view->revision,
          .cordoned = view->cordoned,
          .hypervisor = with.hypervisor.Health()};
}

StatusOr<PlanResult> NodeAgent::PlanInstance(const PlanArgs& args) const {
  return impl_->planning.Plan(args);
}

StatusOr<HeadroomResult> NodeAgent::GetHeadroom(const HeadroomArgs& args) const {
  return impl_->planning.Headroom(args);
}

StatusOr<ListClaimsResult> NodeAgent::ListClaims(int32_t page_size,
                                                 const std::string& page_token) const {
  return impl_->listings.Claims(page_size, page_token);
}

const std::vector<model::InstanceType>& NodeAgent::types() const {
  return impl_->context->with.types;
}

}  // namespace berth
