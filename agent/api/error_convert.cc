// SPDX-License-Identifier: Apache-2.0
#include "agent/api/error_convert.h"

#include <google/protobuf/util/time_util.h>

#include <array>
#include <string_view>

#include "agent/api/text.h"
#include "core/base/reasons.h"
#include "google/rpc/error_details.pb.h"

namespace berth::api {
namespace {

constexpr size_t kMetadataValueBytesMax = 256;
constexpr size_t kViolationTextBytesMax = 256;
constexpr std::chrono::milliseconds kRetryAfter(1000);  // Where nobody knows better.
constexpr char kFaultMessage[] = "a fault of the agent itself; its log has the details";

// Which metadata key names the thing that an error is about, and of what type that thing is.
struct Resource {
  std::string_view key;
  std::string_view type;
};
constexpr std::array kResources = {
    Resource{"instance_id", "berth.v1.Instance"},
    Resource{"reservation_id", "berth.v1.Reservation"},
    Resource{"operation_id", "berth.v1.Operation"},
    Resource{"image", "berth.v1.Image"},
};

// Where nobody gave a reason, the name of the code is one that every client understands.
std::string ReasonFor(StatusCode code, const std::string& reason) {
  if (IsFaultOfOurs(code)) return reasons::kInternalFault;
  return reason.empty() ? std::string(CodeName(code)) : reason;
}

google::rpc::Status Begin(StatusCode code, std::string_view message) {
  google::rpc::Status out;
  out.set_code(static_cast<int>(code));
  out.set_message(Truncated(message, kErrorMessageBytesMax));
  return out;
}

void AddRetryInfo(StatusCode code, const ErrorDetails& details, google::rpc::Status& out) {
  if (code != StatusCode::kUnavailable && !details.retry_after) return;
  google::rpc::RetryInfo retry;
  *retry.mutable_retry_delay() = google::protobuf::util::TimeUtil::MillisecondsToDuration(
      details.retry_after.value_or(kRetryAfter).count());
  out.add_details()->PackFrom(retry);
}

void AddResourceInfo(StatusCode code, const ErrorDetails& details, google::rpc::Status& out) {
  if (code != StatusCode::kNotFound && code != StatusCode::kAlreadyExists) return;
  for (const Resource& resource : kResources) {
    const auto found = details.metadata.find(std::string(resource.key));
    if (found == details.metadata.end()) continue;
    google::rpc::ResourceInfo info;
    info.set_resource_type(std::string(resource.type));
    info.set_resource_name(Truncated(found->second, kMetadataValueBytesMax));
    out.add_details()->PackFrom(info);
    return;
  }
}

// As many violations as `budget` bytes allow; returns how many did not.
size_t AddBadRequest(const ErrorDetails& details, size_t budget, google::rpc::Status& out) {
  google::rpc::BadRequest bad;
  for (const FieldViolation& violation : details.violations) {
    auto* added = bad.add_field_violations();
    added->set_field(Truncated(violation.field, kViolationTextBytesMax));
    added->set_description(Truncated(violation.description, kViolationTextBytesMax));
    if (bad.ByteSizeLong() > budget) {
      bad.mutable_field_violations()->RemoveLast();
      break;
    }
  }
  const auto kept = static_cast<size_t>(bad.field_violations_size());
  if (kept > 0) out.add_details()->PackFrom(bad);
  return details.violations.size() - kept;
}

// Fills ErrorInfo's metadata within `budget` bytes.
void FillMetadata(const ErrorDetails& details, size_t budget, google::rpc::ErrorInfo& info) {
  size_t omitted = 0;
  size_t used = 0;
  for (const auto& [key, value] : details.metadata) {
    const std::string text = Truncated(value, kMetadataValueBytesMax);
    used += key.size() + text.size() + 8;
    if (used > budget) {
      ++omitted;
    } else {
      (*info.mutable_metadata())[key] = text;
    }
  }
  if (omitted > 0) (*info.mutable_metadata())["metadata_omitted"] = std::to_string(omitted);
}

google::rpc::Status Convert(StatusCode code, std::string_view message,
                            const ErrorDetails& details) {
  google::rpc::Status out = Begin(code, message);
  AddRetryInfo(code, details, out);
  AddResourceInfo(code, details, out);
  google::rpc::ErrorInfo info;
  info.set_reason(ReasonFor(code, details.reason));
  info.set_domain(kErrorDomain);
  FillMetadata(details, kErrorDetailsBytesMax / 3, info);
  // What ErrorInfo and the wrapping Any of each detail will take is kept free.
  const size_t taken = out.ByteSizeLong() + info.ByteSizeLong() + 256;
  const size_t budget = taken < kErrorDetailsBytesMax ? kErrorDetailsBytesMax - taken : 0;
  const size_t omitted = AddBadRequest(details, budget, out);
  if (omitted > 0) (*info.mutable_metadata())["violations_omitted"] = std::to_string(omitted);
  out.add_details()->PackFrom(info);
  return out;
}

std::string_view MessageOf(const Status& status) {
  return {status.message().data(), status.message().size()};
}

}  // namespace

bool IsFaultOfOurs(StatusCode code) {
  return code == StatusCode::kInternal || code == StatusCode::kUnknown ||
         code == StatusCode::kDataLoss;
}

grpc::Status ToGrpcStatus(const Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const bool ours = IsFaultOfOurs(status.code());
  const google::rpc::Status details =
      Convert(status.code(), ours ? std::string_view(kFaultMessage) : MessageOf(status),
              ours ? ErrorDetails{} : DetailsOf(status));
  return grpc::Status(static_cast<grpc::StatusCode>(details.code()), details.message(),
                      details.SerializeAsString());
}

google::rpc::Status ToRpcStatus(const model::Error& error,
                                const std::map<std::string, std::string>& metadata) {
  return Convert(error.code, error.message,
                 ErrorDetails{.reason = error.reason, .metadata = metadata});
}

}  // namespace berth::api
