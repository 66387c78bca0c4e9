// SPDX-License-Identifier: Apache-2.0
#include "agent/api/node_rpcs.h"

#include <map>

#include "agent/api/instance_convert.h"
#include "agent/api/node_convert.h"
#include "berth/v1/node_service.pb.h"

namespace berth::api {
namespace {

constexpr int32_t kPageMax = 1000;

void CountInstances(const NodeAgent& node, v1::Node& out) {
  std::map<v1::InstanceState, int32_t> counts;
  ListInstancesArgs args{.page_size = kPageMax, .page_token = "", .states = {}, .tenant_id = ""};
  do {
    const auto page = node.ListInstances(args);
    if (!page.ok()) break;
    for (const auto& record : page->instances) ++counts[FromState(record->state)];
    args.page_token = page->next_page_token;
  } while (!args.page_token.empty());
  for (const auto& [state, count] : counts) {
    v1::InstanceCount& added = *out.add_instance_counts();
    added.set_state(state);
    added.set_count(count);
  }
}

void GetNode(const NodeAgent& node, const NodeFacts& facts, RequestFaults faults,
             const CallPtr& call) {
  if (const Status wrong = faults.ToStatus(); !wrong.ok()) return call->Fail(wrong);
  v1::Node reply = FromNode(node.GetNode(), facts);
  CountInstances(node, reply);
  call->Succeed(reply);
}

// The catalogue always fits into one page, so a token can only be one that was never given.
void ListInstanceTypes(const NodeAgent& node, const v1::ListInstanceTypesRequest& request,
                       RequestFaults faults, const CallPtr& call) {
  if (!request.page_token().empty())
    faults.Invalid("page_token", "not one that this agent has given: the catalogue is one page");
  if (const Status wrong = faults.ToStatus(); !wrong.ok()) return call->Fail(wrong);
  v1::ListInstanceTypesResponse reply;
  for (const model::InstanceType& type : node.types())
    if (request.family().empty() || request.family() == type.family)
      *reply.add_instance_types() = FromType(type);
  call->Succeed(reply);
}

}  // namespace

void ServeNode(RpcService& service, NodeAgent& node, const NodeFacts& facts) {
  service.Serve<v1::GetNodeRequest>(
      "GetNode", [&node, &facts](const auto&, RequestFaults faults, const CallPtr& call) {
        GetNode(node, facts, std::move(faults), call);
      });
  service.Serve<v1::ListInstanceTypesRequest>(
      "ListInstanceTypes", [&node](const auto& request, RequestFaults faults, const CallPtr& call) {
        ListInstanceTypes(node, request, std::move(faults), call);
      });
}

}  // namespace berth::api
