// SPDX-License-Identifier: Apache-2.0
#include "cli/wait.h"

#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>

#include "cli/failure.h"
#include "cli/progress.h"
#include "cli/wire_text.h"
#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth::cli {
namespace {

namespace v1 = berth::v1;
using google::protobuf::util::TimeUtil;

// How long the agent holds one call: as often, a line is written anew.
constexpr Duration kHoldOnTerminal{200};
constexpr Duration kHold{500};
constexpr Duration kPauseWhileAway{500};

bool IsAway(const Status& status) {
  const std::string reason = ReasonOf(status);
  return status.code() == StatusCode::kUnavailable || reason == kUnreachable || reason == kNoReply;
}

Status TooLong(const std::string& operation_id, Duration limit) {
  return MakeError(StatusCode::kDeadlineExceeded,
                   fmt::format("still under way after {} s", limit.count() / 1000),
                   {.reason = kWaitTooLong, .metadata = {{"operation_id", operation_id}}});
}

}  // namespace

StatusOr<v1::Operation> WaitForOperation(Agent& agent, const Context& context,
                                         const Watched& watched, Duration limit) {
  const SteadyTime end = context.clock.Now() + limit;
  // The first call is not held, so that there is something to see at once.
  Duration hold(0);
  Progress progress(context, watched.subject, watched.state);
  for (;;) {
    const auto left = std::chrono::duration_cast<Duration>(end - context.clock.Now());
    const Duration held = std::clamp(left, Duration(0), hold);
    v1::WaitOperationRequest request;
    request.set_operation_id(watched.operation_id);
    *request.mutable_timeout() = TimeUtil::MillisecondsToDuration(held.count());
    hold = context.err_is_terminal ? kHoldOnTerminal : kHold;
    auto operation = agent.Call(&OperationStub::WaitOperation, request, held);
    if (!operation.ok() && !IsAway(operation.status())) return operation.status();
    if (operation.ok() && operation->done()) {
      progress.Finish(*operation);
      return operation;
    }
    if (context.clock.Now() >= end) return TooLong(watched.operation_id, limit);
    if (operation.ok()) {
      progress.Show(*operation);
    } else {
      progress.ShowAway();
      context.pause(kPauseWhileAway);
    }
  }
}

Status OutcomeOf(const v1::Operation& operation) {
  if (operation.state() == v1::Operation::STATE_SUCCEEDED) return OkStatus();
  if (operation.error().code() != 0) return FromRpc(operation.error());
  return MakeError(StatusCode::kUnknown, "",
                   fmt::format("the operation ended {}", ShortName(operation.state(), "STATE_")));
}

StatusOr<v1::Instance> WaitForInstance(Agent& agent, const Context& context,
                                       const v1::Instance& begun, Duration limit) {
  const std::string& operation_id = begun.status().operation();
  if (operation_id.empty()) return begun;
  const Watched watched = {operation_id, begun.instance_id(), StateName(begun.status().state())};
  BERTH_ASSIGN_OR_RETURN(const v1::Operation operation,
                         WaitForOperation(agent, context, watched, limit));
  if (const Status outcome = OutcomeOf(operation); !outcome.ok()) {
    const std::string phase = operation.phase().empty() ? "failed" : operation.phase();
    return MessageOf(outcome).starts_with(phase + ":") ? outcome : Annotate(outcome, phase);
  }
  v1::GetInstanceRequest request;
  request.set_instance_id(begun.instance_id());
  return agent.Call(&InstanceStub::GetInstance, request);
}

}  // namespace berth::cli
