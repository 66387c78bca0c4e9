// SPDX-License-Identifier: Apache-2.0
#include "cli/failure.h"

#include <google/protobuf/util/time_util.h>

#include "core/base/clock.h"
#include "google/rpc/error_details.pb.h"

namespace berth::cli {
namespace {

using google::protobuf::Any;
using google::protobuf::util::TimeUtil;

void AddBadRequest(const google::rpc::BadRequest& bad, ErrorDetails& details) {
  for (const auto& violation : bad.field_violations())
    details.violations.push_back({violation.field(), violation.description()});
}

void AddPreconditions(const google::rpc::PreconditionFailure& failure, ErrorDetails& details) {
  for (const auto& violation : failure.violations())
    details.violations.push_back({violation.subject(), violation.description()});
}

void AddDetail(const Any& any, ErrorDetails& details) {
  google::rpc::ErrorInfo info;
  google::rpc::BadRequest bad;
  google::rpc::PreconditionFailure precondition;
  google::rpc::RetryInfo retry;
  if (any.UnpackTo(&info)) {
    details.reason = info.reason();
    details.metadata.insert(info.metadata().begin(), info.metadata().end());
  } else if (any.UnpackTo(&bad)) {
    AddBadRequest(bad, details);
  } else if (any.UnpackTo(&precondition)) {
    AddPreconditions(precondition, details);
  } else if (any.UnpackTo(&retry)) {
    details.retry_after = Duration(TimeUtil::DurationToMilliseconds(retry.retry_delay()));
  }
}

}  // namespace

Status BadUsage(std::string_view what) {
  return MakeError(StatusCode::kInvalidArgument, kBadUsage, what);
}

Status FromRpc(const google::rpc::Status& status) {
  if (status.code() == 0) return OkStatus();
  ErrorDetails details;
  for (const Any& any : status.details()) AddDetail(any, details);
  return MakeError(static_cast<StatusCode>(status.code()), status.message(), std::move(details));
}

Status FromGrpc(const grpc::Status& status) {
  google::rpc::Status rpc;
  if (!rpc.ParseFromString(status.error_details())) rpc.Clear();
  rpc.set_code(status.error_code());
  rpc.set_message(status.error_message());
  return FromRpc(rpc);
}

bool OutcomeUnknown(const Status& status) {
  const std::string reason = ReasonOf(status);
  return reason == kNoReply || reason == "INTERNAL_FAULT" ||
         (reason.empty() &&
          (status.code() == StatusCode::kUnknown || status.code() == StatusCode::kInternal ||
           status.code() == StatusCode::kCancelled));
}

ExitCode ExitCodeOf(const Status& status) {
  if (status.ok()) return ExitCode::kOk;
  const std::string reason = ReasonOf(status);
  if (reason == kBadUsage) return ExitCode::kUsage;
  if (reason == kUnreachable || reason == kNoReply) return ExitCode::kUnreachable;
  return ExitCode::kFailed;
}

}  // namespace berth::cli
