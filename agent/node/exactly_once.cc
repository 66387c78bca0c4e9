// SPDX-License-Identifier: Apache-2.0
#include "agent/node/exactly_once.h"

#include <fmt/format.h>

#include "agent/instance/lifecycle.h"
#include "core/base/error.h"
#include "core/base/reasons.h"
#include "core/model/codec.h"

namespace berth::node {
namespace {

RequestKey KeyOf(const CallContext& call) {
  return {.principal = call.principal, .method = call.method, .request_id = call.request_id};
}

}  // namespace

StatusOr<std::optional<model::InstanceRecord>> FindAnswer(LedgerTxn& txn, const CallContext& call) {
  if (call.request_id.empty()) return std::optional<model::InstanceRecord>();
  BERTH_ASSIGN_OR_RETURN(const auto stored, txn.FindRequest(KeyOf(call)));
  if (!stored) return std::optional<model::InstanceRecord>();
  if (stored->message != call.message)
    return MakeError(
        StatusCode::kInvalidArgument,
        fmt::format("request_id \"{}\" belongs to an earlier {} with other parameters; "
                    "a new call needs a new id",
                    call.request_id, call.method),
        {.reason = reasons::kIdempotentParameterMismatch,
         .metadata = {{"instance_id", stored->instance_id}}});
  BERTH_ASSIGN_OR_RETURN(auto answer, model::DecodeInstanceRecord(stored->reply));
  return std::optional(std::move(answer));
}

void KeepAnswer(LedgerTxn& txn, const CallContext& call, const model::InstanceRecord& answer) {
  if (call.request_id.empty()) return;
  txn.SaveRequest({.key = KeyOf(call),
                   .message = call.message,
                   .reply = model::Encode(answer),
                   .instance_id = answer.id,
                   .created = txn.now()});
}

Status CheckFence(const model::NodeView& view, const CallContext& call) {
  if (call.control_epoch == 0 || call.control_epoch >= view.control_epoch) return OkStatus();
  return MakeError(StatusCode::kFailedPrecondition,
                   fmt::format("control_epoch {} is fenced off: {} has been seen already",
                               call.control_epoch, view.control_epoch),
                   {.reason = reasons::kStaleEpoch,
                    .metadata = {{"highest_epoch", std::to_string(view.control_epoch)}}});
}

Status CheckEtag(const model::InstanceRecord& record, const CallContext& call) {
  const std::string etag = EtagOf(record);
  if (call.etag.empty() || call.etag == etag) return OkStatus();
  return MakeError(
      StatusCode::kAborted,
      fmt::format("{} has changed since it was read: read it again and decide again", record.id),
      {.reason = reasons::kEtagMismatch, .metadata = {{"instance_id", record.id}, {"etag", etag}}});
}

}  // namespace berth::node
