// SPDX-License-Identifier: Apache-2.0
#include "core/base/error.h"

#include <absl/strings/cord.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/base/check.h"
#include "core/base/reasons.h"

namespace berth {
namespace {

constexpr char kPayloadUrl[] = "urn:berth:error-details:v1";

std::string Encode(const ErrorDetails& details) {
  nlohmann::json violations = nlohmann::json::array();
  for (const FieldViolation& v : details.violations) violations.push_back({v.field, v.description});
  nlohmann::json json = {
      {"reason", details.reason}, {"metadata", details.metadata}, {"violations", violations}};
  if (details.retry_after) json["retry_after_ms"] = details.retry_after->count();
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// Only what Encode wrote is ever decoded, so a fault here is a bug and not an input.
ErrorDetails Decode(const std::string& text) {
  const nlohmann::json json = nlohmann::json::parse(text);
  ErrorDetails details;
  details.reason = json.at("reason");
  details.metadata = json.at("metadata").get<std::map<std::string, std::string>>();
  for (const auto& v : json.at("violations")) details.violations.push_back({v.at(0), v.at(1)});
  if (json.contains("retry_after_ms"))
    details.retry_after = std::chrono::milliseconds(json.at("retry_after_ms").get<int64_t>());
  return details;
}

}  // namespace

Status MakeError(StatusCode code, std::string_view message, ErrorDetails details) {
  BERTH_CHECK(code != StatusCode::kOk, "an error needs an error code");
  Status status(code, absl::string_view(message.data(), message.size()));
  status.SetPayload(kPayloadUrl, absl::Cord(Encode(details)));
  return status;
}

Status MakeError(StatusCode code, std::string_view reason, std::string_view message) {
  return MakeError(code, message, ErrorDetails{.reason = std::string(reason)});
}

Status InvalidFields(std::vector<FieldViolation> violations) {
  std::string message;
  for (const FieldViolation& v : violations) {
    if (!message.empty()) message += "; ";
    message += fmt::format("{}: {}", v.field, v.description);
  }
  return MakeError(StatusCode::kInvalidArgument, message,
                   {.reason = reasons::kInvalidField, .violations = std::move(violations)});
}

ErrorDetails DetailsOf(const Status& status) {
  const auto payload = status.GetPayload(kPayloadUrl);
  if (!payload) return {};
  return Decode(std::string(*payload));
}

Status Annotate(const Status& status, std::string_view doing) {
  if (status.ok()) return status;
  const std::string message = fmt::format(
      "{}: {}", doing, std::string_view(status.message().data(), status.message().size()));
  Status annotated(status.code(), message);
  if (auto payload = status.GetPayload(kPayloadUrl)) annotated.SetPayload(kPayloadUrl, *payload);
  return annotated;
}

std::string_view CodeName(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return "OK";
    case StatusCode::kCancelled:
      return "CANCELLED";
    case StatusCode::kUnknown:
      return "UNKNOWN";
    case StatusCode::kInvalidArgument:
      return "INVALID_ARGUMENT";
    case StatusCode::kDeadlineExceeded:
      return "DEADLINE_EXCEEDED";
    case StatusCode::kNotFound:
      return "NOT_FOUND";
    case StatusCode::kAlreadyExists:
      return "ALREADY_EXISTS";
    case StatusCode::kPermissionDenied:
      return "PERMISSION_DENIED";
    case StatusCode::kResourceExhausted:
      return "RESOURCE_EXHAUSTED";
    case StatusCode::kFailedPrecondition:
      return "FAILED_PRECONDITION";
    case StatusCode::kAborted:
      return "ABORTED";
    case StatusCode::kOutOfRange:
      return "OUT_OF_RANGE";
    case StatusCode::kUnimplemented:
      return "UNIMPLEMENTED";
    case StatusCode::kInternal:
      return "INTERNAL";
    case StatusCode::kUnavailable:
      return "UNAVAILABLE";
    case StatusCode::kDataLoss:
      return "DATA_LOSS";
    case StatusCode::kUnauthenticated:
      return "UNAUTHENTICATED";
    default:
      return "UNKNOWN";
  }
}

}  // namespace berth
