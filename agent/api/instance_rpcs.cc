// SPDX-License-Identifier: Apache-2.0
#include "agent/api/instance_rpcs.h"

#include <algorithm>
#include <memory>

#include "agent/api/call_context.h"
#include "agent/api/error_convert.h"
#include "agent/api/instance_convert.h"
#include "agent/api/instance_replies.h"
#include "agent/api/instance_request.h"
#include "agent/api/operation_convert.h"
#include "agent/api/show_instance.h"
#include "agent/api/time_convert.h"
#include "agent/api/update_request.h"
#include "berth/v1/instance_service.pb.h"
#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth::api {
namespace {

void CreateInstance(NodeAgent& node, const v1::CreateInstanceRequest& request, RequestFaults faults,
                    const CallPtr& call) {
  CreateInstanceArgs args = ToCreate(request, node.types(), faults);
  if (const Status wrong = faults.ToStatus(); !wrong.ok()) return call->Fail(wrong);
  node.CreateInstance(ContextOf(*call, request), std::move(args),
                      call->AnswerWith<model::InstanceRecord>(FromVerb));
}

v1::BatchCreateInstancesResponse FromOutcome(const model::BatchOutcome& outcome) {
  v1::BatchCreateInstancesResponse out;
  for (const model::BatchEntry& entry : outcome.entries) {
    v1::BatchCreateInstancesResult& added = *out.add_results();
    if (entry.instance)
      *added.mutable_instance() = FromVerb(*entry.instance);
    else
      *added.mutable_error() = ToRpcStatus(entry.error, entry.metadata);
  }
  return out;
}

void BatchCreateInstances(NodeAgent& node, const v1::BatchCreateInstancesRequest& request,
                          RequestFaults faults, const CallPtr& call) {
  BatchCreateArgs args = ToBatch(request, node.types(), faults);
  if (const Status wrong = faults.ToStatus(); !wrong.ok()) return call->Fail(wrong);
  node.BatchCreateInstances(ContextOf(*call, request), std::move(args),
                            call->AnswerWith<model::BatchOutcome>(FromOutcome));
}

void GetInstance(NodeAgent& node, InstanceReplies& replies, const v1::GetInstanceRequest& request,
                 const RequestFaults& faults, const CallPtr& call) {
  if (const Status wrong = faults.ToStatus(); !wrong.ok()) return call->Fail(wrong);
  const auto record = node.GetInstance(request.instance_id());
  if (!record.ok()) return call->Fail(record.status());
  call->SucceedWith(replies.Get(**record, OperationRuns(node, **record)));
}

v1::ListInstancesResponse FromPage(const NodeAgent& node, const ListInstancesResult& page) {
  v1::ListInstancesResponse out;
  for (const auto& record : page.instances) *out.add_instances() = ShowInstance(node, *record);
  out.set_next_page_token(page.next_page_token);
  out.set_revision(page.revision);
  return out;
}

// A page that would not fit into one message is asked for again at half its size.
void ListInstances(NodeAgent& node, const v1::ListInstancesRequest& request, RequestFaults faults,
                   const CallPtr& call) {
  ListInstancesArgs args = ToList(request, faults);
  if (const Status wrong = faults.ToStatus(); !wrong.ok()) return call->Fail(wrong);
  for (;;) {
    const auto page = node.ListInstances(args);
    if (!page.ok()) return call->Fail(page.status());
    const v1::ListInstancesResponse reply = FromPage(node, *page);
    if (reply.ByteSizeLong() <= kReplyBytesMax || page->instances.size() <= 1)
      return call->Succeed(reply);
    args.page_size = static_cast<int32_t>(page->instances.size() / 2);
  }
}

void StartInstance(NodeAgent& node, const v1::StartInstanceRequest& request, RequestFaults faults,
                   const CallPtr& call) {
  if (const Status wrong = faults.ToStatus(); !wrong.ok()) return call->Fail(wrong);
  node.StartInstance(ContextOf(*call, request), request.instance_id(),
                     call->AnswerWith<model::InstanceRecord>(FromVerb));
}

void StopInstance(NodeAgent& node, const v1::StopInstanceRequest& request, RequestFaults faults,
                  const CallPtr& call) {
  const StopRequested how = ToStop(request, faults);
  if (const Status wrong = faults.ToStatus(); !wrong.ok()) return call->Fail(wrong);
  node.StopInstance(ContextOf(*call, request), request.instance_id(), how,
                    call->AnswerWith<model::InstanceRecord>(FromVerb));
}

// The one verb whose operation runs in a state that does not show it.
void RebootInstance(NodeAgent& node, const v1::RebootInstanceRequest& request, RequestFaults faults,
                    const CallPtr& call) {
  const RebootRequested how = ToReboot(request, faults);
  if (const Status wrong = faults.ToStatus(); !wrong.ok()) return call->Fail(wrong);
  node.RebootInstance(ContextOf(*call, request), request.instance_id(), how,
                      call->AnswerWith<model::InstanceRecord>(
                          [](const auto& record) { return FromRecord(record, true); }));
}

void TerminateInstance(NodeAgent& node, const v1::TerminateInstanceRequest& request,
                       RequestFaults faults, const CallPtr& call) {
  const TerminateRequested how = ToTerminate(request, faults);
  if (const Status wrong = faults.ToStatus(); !wrong.ok()) return call->Fail(wrong);
  node.TerminateInstance(ContextOf(*call, request), request.instance_id(), how,
                         call->AnswerWith<model::InstanceRecord>(FromVerb));
}

void ResizeInstance(NodeAgent& node, const v1::ResizeInstanceRequest& request, RequestFaults faults,
                    const CallPtr& call) {
  ResizeArgs args = ToResize(request, node.types(), faults);
  if (const Status wrong = faults.ToStatus(); !wrong.ok()) return call->Fail(wrong);
  node.ResizeInstance(ContextOf(*call, request), request.instance_id(), std::move(args),
                      call->AnswerWith<model::Operation>(
                          [](const auto& operation) { return FromOperation(operation, nullptr); }));
}

void UpdateInstance(NodeAgent& node, const v1::UpdateInstanceRequest& request, RequestFaults faults,
                    const CallPtr& call) {
  model::SpecUpdate update = ToUpdate(request, faults);
  if (const Status wrong = faults.ToStatus(); !wrong.ok()) return call->Fail(wrong);
  node.UpdateInstance(ContextOf(*call, request), request.instance_id(), std::move(update),
                      call->AnswerWith<model::InstanceRecord>(FromVerb));
}

void SendDiagnosticInterrupt(NodeAgent& node, const v1::SendDiagnosticInterruptRequest& request,
                             RequestFaults faults, const CallPtr& call) {
  if (const Status wrong = faults.ToStatus(); !wrong.ok()) return call->Fail(wrong);
  node.SendDiagnosticInterrupt(ContextOf(*call, request), request.instance_id(),
                               call->AnswerWith<model::InstanceRecord>(FromVerb));
}

// One byte more than wanted is asked for, which tells whether there was more.
void GetConsoleOutput(NodeAgent& node, const v1::GetConsoleOutputRequest& request,
                      RequestFaults faults, const CallPtr& call) {
  const int32_t wanted = ToConsoleBytes(request, faults);
  if (const Status wrong = faults.ToStatus(); !wrong.ok()) return call->Fail(wrong);
  const WallTime now = call->WallNow();
  node.GetConsoleOutput(request.instance_id(), int64_t{wanted} + 1,
                        call->AnswerWith<std::string>([wanted, now](const std::string& output) {
                          const size_t excess =
                              output.size() - std::min(output.size(), static_cast<size_t>(wanted));
                          v1::GetConsoleOutputResponse reply;
                          reply.set_output(output.substr(excess));
                          reply.set_truncated(excess > 0);
                          *reply.mutable_read_time() = ToTimestamp(now);
                          return reply;
                        }));
}

}  // namespace

void ServeInstances(RpcService& service, NodeAgent& node) {
  const auto on = [&node](auto function) {
    return [&node, function](const auto& request, RequestFaults faults, const CallPtr& call) {
      function(node, request, std::move(faults), call);
    };
  };
  service.Serve<v1::CreateInstanceRequest>("CreateInstance", on(CreateInstance));
  service.Serve<v1::BatchCreateInstancesRequest>("BatchCreateInstances", on(BatchCreateInstances));
  service.Serve<v1::GetInstanceRequest>(
      "GetInstance", [&node, replies = std::make_shared<InstanceReplies>()](
                         const auto& request, const RequestFaults& faults, const CallPtr& call) {
        GetInstance(node, *replies, request, faults, call);
      });
  service.Serve<v1::ListInstancesRequest>("ListInstances", on(ListInstances));
  service.Serve<v1::StartInstanceRequest>("StartInstance", on(StartInstance));
  service.Serve<v1::StopInstanceRequest>("StopInstance", on(StopInstance));
  service.Serve<v1::RebootInstanceRequest>("RebootInstance", on(RebootInstance));
  service.Serve<v1::TerminateInstanceRequest>("TerminateInstance", on(TerminateInstance));
  service.Serve<v1::ResizeInstanceRequest>("ResizeInstance", on(ResizeInstance));
  service.Serve<v1::UpdateInstanceRequest>("UpdateInstance", on(UpdateInstance));
  service.Serve<v1::SendDiagnosticInterruptRequest>("SendDiagnosticInterrupt",
                                                    on(SendDiagnosticInterrupt));
  service.Serve<v1::GetConsoleOutputRequest>("GetConsoleOutput", on(GetConsoleOutput));
}

}  // namespace berth::api
