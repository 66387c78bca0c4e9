// SPDX-License-Identifier: Apache-2.0
#include "agent/node/exactly_once.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "agent/instance/lifecycle.h"
#include "core/base/error.h"
#include "core/base/probe.h"
#include "core/base/reasons.h"
#include "core/model/codec.h"

namespace berth::node {
namespace {

RequestKey KeyOf(const CallContext& call) {
  return {.principal = call.principal, .method = call.method, .request_id = call.request_id};
}

// The reply kept for this call, as it was encoded.
StatusOr<std::optional<std::string>> FindReply(LedgerTxn& txn, const CallContext& call) {
  if (call.request_id.empty()) return std::optional<std::string>();
  BERTH_ASSIGN_OR_RETURN(const auto stored, txn.FindRequest(KeyOf(call)));
  if (!stored) return std::optional<std::string>();
  if (stored->message != call.message)
    return MakeError(
        StatusCode::kInvalidArgument,
        fmt::format("request_id \"{}\" belongs to an earlier {} with other parameters; "
                    "a new call needs a new id",
                    call.request_id, call.method),
        {.reason = reasons::kIdempotentParameterMismatch,
         .metadata = {{"instance_id", stored->instance_id}}});
  BERTH_PROBE("a repeat gets the first answer");
  return std::optional(stored->reply);
}

template <typename T>
StatusOr<T> Decode(std::string_view reply);
template <>
StatusOr<model::InstanceRecord> Decode(std::string_view reply) {
  return model::DecodeInstanceRecord(reply);
}
template <>
StatusOr<model::Reservation> Decode(std::string_view reply) {
  return model::DecodeReservation(reply);
}
template <>
StatusOr<model::Operation> Decode(std::string_view reply) {
  return model::DecodeOperation(reply);
}
template <>
StatusOr<model::Image> Decode(std::string_view reply) {
  return model::DecodeImage(reply);
}
template <>
StatusOr<model::BatchOutcome> Decode(std::string_view reply) {
  return model::DecodeBatchOutcome(reply);
}

// With whose end the answer's own begins.
std::string SubjectOf(const model::InstanceRecord& record) { return record.id; }
std::string SubjectOf(const model::Reservation& reservation) { return reservation.id; }
std::string SubjectOf(const model::Image& image) { return image.id; }
std::string SubjectOf(const model::Operation& operation) { return operation.target; }
std::string SubjectOf(const model::BatchOutcome& outcome) {
  for (const model::BatchEntry& entry : outcome.entries)
    if (entry.instance) return entry.instance->id;
  return "";
}

}  // namespace

template <typename T>
StatusOr<std::optional<T>> FindAnswer(LedgerTxn& txn, const CallContext& call) {
  BERTH_ASSIGN_OR_RETURN(const auto reply, FindReply(txn, call));
  if (!reply) return std::optional<T>();
  BERTH_ASSIGN_OR_RETURN(T answer, Decode<T>(*reply));
  return std::optional(std::move(answer));
}

template <typename T>
void KeepAnswer(LedgerTxn& txn, const CallContext& call, const T& answer) {
  if (call.request_id.empty()) return;
  txn.SaveRequest({.key = KeyOf(call),
                   .message = call.message,
                   .reply = model::Encode(answer),
                   .instance_id = SubjectOf(answer),
                   .created = txn.now()});
}

#define BERTH_ANSWERS(T)                                                                       \
  template StatusOr<std::optional<T>> FindAnswer<T>(LedgerTxn & txn, const CallContext& call); \
  template void KeepAnswer<T>(LedgerTxn & txn, const CallContext& call, const T& answer)
BERTH_ANSWERS(model::InstanceRecord);
BERTH_ANSWERS(model::Reservation);
BERTH_ANSWERS(model::Operation);
BERTH_ANSWERS(model::BatchOutcome);
BERTH_ANSWERS(model::Image);
#undef BERTH_ANSWERS

Status CheckEtag(const model::InstanceRecord& record, const CallContext& call) {
  const std::string etag = EtagOf(record);
  if (call.etag.empty() || call.etag == etag) return OkStatus();
  return MakeError(
      StatusCode::kAborted,
      fmt::format("{} has changed since it was read: read it again and decide again", record.id),
      {.reason = reasons::kEtagMismatch, .metadata = {{"instance_id", record.id}, {"etag", etag}}});
}

}  // namespace berth::node
