// SPDX-License-Identifier: Apache-2.0
#include "agent/api/instance_request.h"

#include <fmt/format.h>

#include <optional>
#include <string>

#include "agent/api/instance_convert.h"
#include "agent/api/request_check.h"
#include "agent/api/shape_convert.h"
#include "agent/api/spec_convert.h"
#include "agent/api/time_convert.h"
#include "agent/node/held_reservation.h"
#include "agent/node/resolve_spec.h"
#include "core/base/error.h"

namespace berth::api {
namespace {

constexpr Duration kStopGrace = std::chrono::seconds(90);
constexpr Duration kRebootGrace = std::chrono::seconds(120);
constexpr Duration kGraceMax = std::chrono::hours(1);
constexpr int32_t kConsoleBytesMax = 65536;

// A `timeout` field of at most kGraceMax; `unset` where it is not given.
template <typename Request>
Duration GraceOf(const Request& request, Duration unset, RequestFaults& faults) {
  if (!request.has_timeout()) return unset;
  const std::optional<Duration> grace = ToDuration(request.timeout());
  if (!grace || *grace > kGraceMax) faults.Invalid("timeout", "give 0 s to 3,600 s");
  return grace.value_or(unset);
}

// What the requests for one instance have in common.
template <typename Request>
CreateInstanceArgs ToOne(const Request& request, const std::vector<model::InstanceType>& types,
                         RequestFaults& faults) {
  CreateInstanceArgs args;
  args.instance_id = request.instance_id();
  if (!request.has_spec()) {
    faults.Invalid("spec", "required: say what is wanted");
    return args;
  }
  args.spec = ToSpec(request.spec(), faults);
  const auto resolved = node::Resolve(CallContext{}, args, types);
  for (const FieldViolation& violation : DetailsOf(resolved.status()).violations)
    faults.Invalid(violation.field, violation.description);
  return args;
}

}  // namespace

CreateInstanceArgs ToCreate(const v1::CreateInstanceRequest& request,
                            const std::vector<model::InstanceType>& types, RequestFaults& faults) {
  CreateInstanceArgs args = ToOne(request, types, faults);
  args.validate_only = request.validate_only();
  return args;
}

BatchCreateArgs ToBatch(const v1::BatchCreateInstancesRequest& request,
                        const std::vector<model::InstanceType>& types, RequestFaults& faults) {
  using Request = v1::BatchCreateInstancesRequest;
  BatchCreateArgs args{.entries = {},
                       .atomic = request.mode() != Request::MODE_BEST_EFFORT,
                       .validate_only = request.validate_only()};
  if (request.entries_size() > static_cast<int>(kBatchMax)) {
    faults.Invalid("entries", fmt::format("give 1 to {}", kBatchMax));
    return args;
  }
  for (int i = 0; i < request.entries_size(); ++i) {
    RequestFaults of_entry;
    args.entries.push_back(ToOne(request.entries(i), types, of_entry));
    faults.Add(of_entry, fmt::format("entries[{}].", i));
  }
  return args;
}

CreateInstanceArgs ToCommit(const v1::CommitRequest& request,
                            const std::vector<model::InstanceType>& types, RequestFaults& faults) {
  CreateInstanceArgs args = ToOne(request, types, faults);
  args.reservation_id = request.reservation_id();
  if (const Status id = node::CheckReservationId(args.reservation_id); !id.ok())
    faults.Invalid("reservation_id", DetailsOf(id).violations.front().description);
  return args;
}

ListInstancesArgs ToList(const v1::ListInstancesRequest& request, RequestFaults& faults) {
  ListInstancesArgs args{.page_size = request.page_size(),
                         .page_token = request.page_token(),
                         .states = {},
                         .tenant_id = request.tenant_id()};
  for (int i = 0; i < request.states_size(); ++i) {
    const std::optional<model::InstanceState> state = ToState(request.states(i));
    if (state)
      args.states.push_back(*state);
    else
      faults.Invalid(fmt::format("states[{}]", i), "name a state, or leave it out for all");
  }
  return args;
}

StopRequested ToStop(const v1::StopInstanceRequest& request, RequestFaults& faults) {
  if (request.force() && request.has_timeout())
    faults.Invalid("timeout", "a forced stop waits for nothing: give force or timeout, not both");
  const Duration grace = GraceOf(request, kStopGrace, faults);
  const bool force = request.force() || grace == Duration(0);
  return {.force = force, .grace = force ? Duration(0) : grace};
}

RebootRequested ToReboot(const v1::RebootInstanceRequest& request, RequestFaults& faults) {
  if (request.hard() && request.has_timeout())
    faults.Invalid("timeout", "a hard reboot waits for nothing: give hard or timeout, not both");
  const Duration grace = GraceOf(request, kRebootGrace, faults);
  const bool hard = request.hard() || grace == Duration(0);
  return {.hard = hard, .grace = hard ? Duration(0) : grace};
}

TerminateRequested ToTerminate(const v1::TerminateInstanceRequest& request, RequestFaults& faults) {
  return {.grace = GraceOf(request, Duration(0), faults)};
}

ResizeArgs ToResize(const v1::ResizeInstanceRequest& request,
                    const std::vector<model::InstanceType>& types, RequestFaults& faults) {
  ResizeArgs args{.instance_type = request.instance_type(), .shape = {}};
  if (request.target_case() == v1::ResizeInstanceRequest::kShape)
    args.shape = ToShape(request.shape(), "shape", faults);
  else if (request.instance_type().empty())
    faults.Invalid("shape", "give either instance_type or shape");
  const auto resolved =
      node::ResolveShape(CallContext{}, args.instance_type, args.shape, ToTenant(""), types);
  for (const FieldViolation& violation : DetailsOf(resolved.status()).violations)
    faults.Invalid(violation.field, violation.description);
  return args;
}

int32_t ToConsoleBytes(const v1::GetConsoleOutputRequest& request, RequestFaults& faults) {
  if (!request.has_max_bytes()) return kConsoleBytesMax;
  if (request.max_bytes() < 1 || request.max_bytes() > kConsoleBytesMax)
    faults.Invalid("max_bytes",
                   fmt::format("give 1 to {}, or nothing for the most", kConsoleBytesMax));
  return request.max_bytes();
}

StatusOr<CreateInstanceArgs> DecodeCreate(std::string_view bytes,
                                          const std::vector<model::InstanceType>& types) {
  v1::CreateInstanceRequest request;
  BERTH_RETURN_IF_ERROR(ParseRequest(bytes, request));
  RequestFaults faults = CheckRequest(bytes, request);
  CreateInstanceArgs args = ToCreate(request, types, faults);
  BERTH_RETURN_IF_ERROR(faults.ToStatus());
  return args;
}

}  // namespace berth::api
