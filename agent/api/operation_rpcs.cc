// SPDX-License-Identifier: Apache-2.0
#include "agent/api/operation_rpcs.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/api/call_context.h"
#include "agent/api/operation_convert.h"
#include "agent/api/show_operation.h"
#include "agent/api/time_convert.h"
#include "berth/v1/operation_service.pb.h"

namespace berth::api {
namespace {

constexpr Duration kWaitMax = std::chrono::minutes(10);
// Of the time a caller has left, what the answer needs to reach it before its deadline.
constexpr Duration kAnswerTime = std::chrono::milliseconds(100);

Duration WaitOf(const v1::WaitOperationRequest& request, const Call& call, RequestFaults& faults) {
  Duration wait = kWaitMax;
  if (request.has_timeout()) {
    const auto asked = ToDuration(request.timeout());
    if (!asked) faults.Invalid("timeout", "give 0 s or more");
    wait = std::min(wait, asked.value_or(kWaitMax));
  }
  if (call.caller().time_left)
    wait = std::min(wait, std::max(*call.caller().time_left - kAnswerTime, Duration(0)));
  return wait;
}

void GetOperation(NodeAgent& node, const v1::GetOperationRequest& request, RequestFaults faults,
                  const CallPtr& call) {
  if (const Status wrong = faults.ToStatus(); !wrong.ok()) return call->Fail(wrong);
  const auto operation = node.GetOperation(request.operation_id());
  if (!operation.ok()) return call->Fail(operation.status());
  call->Succeed(ShowOperation(node, **operation));
}

ListOperationsArgs ToList(const v1::ListOperationsRequest& request, RequestFaults& faults) {
  ListOperationsArgs args{.page_size = request.page_size(),
                          .page_token = request.page_token(),
                          .target = request.target(),
                          .states = {}};
  for (int i = 0; i < request.states_size(); ++i) {
    const auto state = ToOperationState(request.states(i));
    if (state)
      args.states.push_back(*state);
    else
      faults.Invalid(fmt::format("states[{}]", i), "name a state, or leave it out for all");
  }
  return args;
}

void ListOperations(NodeAgent& node, const v1::ListOperationsRequest& request, RequestFaults faults,
                    const CallPtr& call) {
  const ListOperationsArgs args = ToList(request, faults);
  if (const Status wrong = faults.ToStatus(); !wrong.ok()) return call->Fail(wrong);
  const auto page = node.ListOperations(args);
  if (!page.ok()) return call->Fail(page.status());
  v1::ListOperationsResponse reply;
  for (const auto& operation : page->operations)
    *reply.add_operations() = FromOperation(*operation, nullptr);
  reply.set_next_page_token(page->next_page_token);
  reply.set_revision(page->revision);
  call->Succeed(reply);
}

void CancelOperation(NodeAgent& node, const v1::CancelOperationRequest& request,
                     RequestFaults faults, const CallPtr& call) {
  if (const Status wrong = faults.ToStatus(); !wrong.ok()) return call->Fail(wrong);
  node.CancelOperation(ContextOf(*call, request), request.operation_id(),
                       call->AnswerWith<model::Operation>([&node](const auto& operation) {
                         return ShowOperation(node, operation);
                       }));
}

void WaitOperation(NodeAgent& node, const v1::WaitOperationRequest& request, RequestFaults faults,
                   const CallPtr& call) {
  const Duration wait = WaitOf(request, *call, faults);
  if (const Status wrong = faults.ToStatus(); !wrong.ok()) return call->Fail(wrong);
  call->MarkWaiting();
  using OperationPtr = std::shared_ptr<const model::Operation>;
  node.WaitOperation(request.operation_id(), wait,
                     call->AnswerWith<OperationPtr>([&node](const OperationPtr& operation) {
                       return ShowOperation(node, *operation);
                     }));
}

}  // namespace

void ServeOperations(RpcService& service, NodeAgent& node) {
  const auto on = [&node](auto function) {
    return [&node, function](const auto& request, RequestFaults faults, const CallPtr& call) {
      function(node, request, std::move(faults), call);
    };
  };
  service.Serve<v1::GetOperationRequest>("GetOperation", on(GetOperation));
  service.Serve<v1::ListOperationsRequest>("ListOperations", on(ListOperations));
  service.Serve<v1::CancelOperationRequest>("CancelOperation", on(CancelOperation));
  service.ServeWait<v1::WaitOperationRequest>("WaitOperation", on(WaitOperation));
}

}  // namespace berth::api
