// SPDX-License-Identifier: Apache-2.0
#include "agent/api/reservation_rpcs.h"

#include "agent/api/call_context.h"
#include "agent/api/instance_convert.h"
#include "agent/api/instance_request.h"
#include "agent/api/reservation_convert.h"

namespace berth::api {
namespace {

void Reserve(NodeAgent& node, const v1::ReserveRequest& request, RequestFaults faults,
             const CallPtr& call) {
  ReserveArgs args = ToReserve(request, node.types(), faults);
  if (const Status wrong = faults.ToStatus(); !wrong.ok()) return call->Fail(wrong);
  node.Reserve(ContextOf(*call, request), std::move(args),
               call->AnswerWith<model::Reservation>(FromReservation));
}

void Commit(NodeAgent& node, const v1::CommitRequest& request, RequestFaults faults,
            const CallPtr& call) {
  CreateInstanceArgs args = ToCommit(request, node.types(), faults);
  if (const Status wrong = faults.ToStatus(); !wrong.ok()) return call->Fail(wrong);
  node.CreateInstance(ContextOf(*call, request), std::move(args),
                      call->AnswerWith<model::InstanceRecord>(FromVerb));
}

void Release(NodeAgent& node, const v1::ReleaseRequest& request, RequestFaults faults,
             const CallPtr& call) {
  if (const Status wrong = faults.ToStatus(); !wrong.ok()) return call->Fail(wrong);
  node.Release(ContextOf(*call, request), request.reservation_id(),
               call->AnswerWith<model::Reservation>(FromReservation));
}

void GetReservation(NodeAgent& node, const v1::GetReservationRequest& request, RequestFaults faults,
                    const CallPtr& call) {
  if (const Status wrong = faults.ToStatus(); !wrong.ok()) return call->Fail(wrong);
  const auto reservation = node.GetReservation(request.reservation_id());
  if (!reservation.ok()) return call->Fail(reservation.status());
  call->Succeed(FromReservation(**reservation));
}

void ListReservations(NodeAgent& node, const v1::ListReservationsRequest& request,
                      RequestFaults faults, const CallPtr& call) {
  const ListReservationsArgs args = ToListReservations(request, faults);
  if (const Status wrong = faults.ToStatus(); !wrong.ok()) return call->Fail(wrong);
  const auto page = node.ListReservations(args);
  if (!page.ok()) return call->Fail(page.status());
  v1::ListReservationsResponse reply;
  for (const auto& reservation : page->reservations)
    *reply.add_reservations() = FromReservation(*reservation);
  reply.set_next_page_token(page->next_page_token);
  reply.set_revision(page->revision);
  call->Succeed(reply);
}

}  // namespace

void ServeReservations(RpcService& service, NodeAgent& node) {
  const auto on = [&node](auto function) {
    return [&node, function](const auto& request, RequestFaults faults, const CallPtr& call) {
      function(node, request, std::move(faults), call);
    };
  };
  service.Serve<v1::ReserveRequest>("Reserve", on(Reserve));
  service.Serve<v1::CommitRequest>("Commit", on(Commit));
  service.Serve<v1::ReleaseRequest>("Release", on(Release));
  service.Serve<v1::GetReservationRequest>("GetReservation", on(GetReservation));
  service.Serve<v1::ListReservationsRequest>("ListReservations", on(ListReservations));
}

}  // namespace berth::api
