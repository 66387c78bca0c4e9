// SPDX-License-Identifier: Apache-2.0
#include "agent/api/node_rpcs.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "agent/api/instance_convert.h"
#include "agent/api/node_convert.h"
#include "agent/api/shape_convert.h"
#include "berth/v1/node_service.pb.h"
#include "core/model/validate.h"
#include "core/model/validate_shape.h"

namespace berth::api {
namespace {

constexpr int32_t kPageMax = 1000;
constexpr int32_t kPlansMax = 1000;

void CheckDisk(int64_t disk_mib, RequestFaults& faults) {
  if (disk_mib < 0 || disk_mib > model::kRootDiskMibMax)
    faults.Invalid("disk_mib", fmt::format("give 0 to {} MiB", model::kRootDiskMibMax));
}

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
  call->Succeed(ShowNode(node, facts));
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

// A shape or a type; not neither.
PlanArgs ToPlan(const v1::PlanInstanceRequest& request, RequestFaults& faults) {
  PlanArgs args{.instance_type = request.instance_type(),
                .shape = {},
                .tenant_id = request.tenant_id(),
                .disk_mib = request.disk_mib(),
                .count = std::max(1, request.count()),
                .ignore_claims = request.ignore_claims()};
  if (request.target_case() == v1::PlanInstanceRequest::kShape) {
    args.shape = ToShape(request.shape(), "shape", faults);
    for (const FieldViolation& fault : model::ValidateShape(args.shape, "shape"))
      faults.Invalid(fault.field, fault.description);
  } else if (request.instance_type().empty()) {
    faults.Invalid("shape", "give either instance_type or shape");
  }
  if (request.count() < 0 || request.count() > kPlansMax)
    faults.Invalid("count", fmt::format("give 1 to {}", kPlansMax));
  CheckDisk(request.disk_mib(), faults);
  return args;
}

void PlanInstance(const NodeAgent& node, const v1::PlanInstanceRequest& request,
                  RequestFaults faults, const CallPtr& call) {
  const PlanArgs args = ToPlan(request, faults);
  if (const Status wrong = faults.ToStatus(); !wrong.ok()) return call->Fail(wrong);
  const auto plan = node.PlanInstance(args);
  if (!plan.ok()) return call->Fail(plan.status());
  v1::PlanInstanceResponse reply;
  reply.set_fits(!plan->refusal.has_value());
  reply.set_optimal(true);
  for (const scheduler::Charge& charge : plan->charges) {
    *reply.add_placements() =
        FromPlacement(charge.placement, charge.overhead_mib, charge.disk.disk_mib);
    if (!charge.placement.optimal) reply.set_optimal(false);
  }
  if (plan->refusal) *reply.mutable_refusal() = FromRefusal(*plan->refusal);
  reply.set_search_micros(plan->search_micros);
  reply.set_revision(plan->revision);
  call->Succeed(reply);
}

void GetHeadroom(const NodeAgent& node, const v1::GetHeadroomRequest& request, RequestFaults faults,
                 const CallPtr& call) {
  CheckDisk(request.disk_mib(), faults);
  if (const Status wrong = faults.ToStatus(); !wrong.ok()) return call->Fail(wrong);
  const auto headroom = node.GetHeadroom(
      {.instance_types = {request.instance_types().begin(), request.instance_types().end()},
       .tenant_id = request.tenant_id(),
       .disk_mib = request.disk_mib()});
  if (!headroom.ok()) return call->Fail(headroom.status());
  v1::GetHeadroomResponse reply;
  for (const HeadroomResult::Type& type : headroom->types) {
    v1::TypeHeadroom& added = *reply.add_types();
    added.set_instance_type(type.name);
    added.set_count(static_cast<int32_t>(type.count));
    if (type.limited_by) *added.mutable_limited_by() = FromRefusal(*type.limited_by);
  }
  reply.set_revision(headroom->revision);
  call->Succeed(reply);
}

void ListClaims(const NodeAgent& node, const v1::ListClaimsRequest& request, RequestFaults faults,
                const CallPtr& call) {
  if (const Status wrong = faults.ToStatus(); !wrong.ok()) return call->Fail(wrong);
  const auto page = node.ListClaims(request.page_size(), request.page_token());
  if (!page.ok()) return call->Fail(page.status());
  v1::ListClaimsResponse reply;
  for (const auto& claim : page->claims) *reply.add_claims() = FromClaim(*claim);
  reply.set_next_page_token(page->next_page_token);
  reply.set_revision(page->revision);
  call->Succeed(reply);
}

}  // namespace

v1::Node ShowNode(const NodeAgent& node, const NodeFacts& facts) {
  v1::Node out = FromNode(node.GetNode(), facts);
  CountInstances(node, out);
  return out;
}

void ServeNode(RpcService& service, NodeAgent& node, const NodeFacts& facts) {
  service.Serve<v1::GetNodeRequest>(
      "GetNode", [&node, &facts](const auto&, RequestFaults faults, const CallPtr& call) {
        GetNode(node, facts, std::move(faults), call);
      });
  service.Serve<v1::ListInstanceTypesRequest>(
      "ListInstanceTypes", [&node](const auto& request, RequestFaults faults, const CallPtr& call) {
        ListInstanceTypes(node, request, std::move(faults), call);
      });
  const auto on = [&node](auto function) {
    return [&node, function](const auto& request, RequestFaults faults, const CallPtr& call) {
      function(node, request, std::move(faults), call);
    };
  };
  service.Serve<v1::PlanInstanceRequest>("PlanInstance", on(PlanInstance));
  service.Serve<v1::GetHeadroomRequest>("GetHeadroom", on(GetHeadroom));
  service.Serve<v1::ListClaimsRequest>("ListClaims", on(ListClaims));
}

}  // namespace berth::api
