// SPDX-License-Identifier: Apache-2.0
#include "agent/api/request_check.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "agent/api/call_room.h"
#include "agent/api/request_walk.h"
#include "agent/api/text.h"
#include "core/base/ids.h"
#include "core/base/reasons.h"

namespace berth::api {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr size_t kTokenBytesMax = 512;
constexpr char kRequestIdForm[] = "1 to 64 printable ASCII characters without space";
constexpr char kInstanceIdForm[] = "\"i-\" and 17 lower-case hexadecimal digits";
constexpr char kOperationIdForm[] = "\"op-\" and 17 lower-case hexadecimal digits";

std::string StringOf(const Message& request, const char* name) {
  const FieldDescriptor* field = request.GetDescriptor()->FindFieldByName(name);
  if (field == nullptr || field->is_repeated() ||
      field->cpp_type() != FieldDescriptor::CPPTYPE_STRING)
    return "";
  return request.GetReflection()->GetString(request, field);
}

int64_t NumberOf(const Message& request, const char* name) {
  const FieldDescriptor* field = request.GetDescriptor()->FindFieldByName(name);
  if (field == nullptr) return 0;
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_INT64)
    return request.GetReflection()->GetInt64(request, field);
  return request.GetReflection()->GetInt32(request, field);
}

bool Has(const Message& request, const char* name) {
  return request.GetDescriptor()->FindFieldByName(name) != nullptr;
}

bool IsOperationId(std::string_view text) {
  return text.substr(0, 3) == "op-" && IsInstanceId("i-" + std::string(text.substr(3)));
}

bool IsToken(std::string_view text) {
  return text.size() <= kTokenBytesMax &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

void CheckInstanceId(const Message& request, RequestFaults& faults) {
  if (!Has(request, "instance_id")) return;
  const std::string id = StringOf(request, "instance_id");
  const std::string& name = request.GetDescriptor()->name();
  const bool optional =
      name == "CreateInstanceRequest" || name == "CommitRequest" || name == "ListEventsRequest";
  if (id.empty() && !optional) {
    faults.Invalid("instance_id", fmt::format("required: {}", kInstanceIdForm));
  } else if (!id.empty() && !IsInstanceId(id)) {
    faults.Invalid("instance_id", fmt::format("{} is not {}", Quoted(id), kInstanceIdForm));
  }
}

void CheckSharedFields(const Message& request, RequestFaults& faults) {
  if (const std::string id = StringOf(request, "request_id"); !id.empty() && !IsRequestId(id))
    faults.Invalid("request_id", fmt::format("{} is not {}", Quoted(id), kRequestIdForm));
  if (NumberOf(request, "control_epoch") < 0)
    faults.Invalid("control_epoch", "may not be negative; 0 claims no epoch");
  if (!IsToken(StringOf(request, "etag")))
    faults.Invalid("etag", "not one that this agent has given; hand it back as it was read");
  CheckInstanceId(request, faults);
  if (Has(request, "operation_id") && !IsOperationId(StringOf(request, "operation_id")))
    faults.Invalid(
        "operation_id",
        fmt::format("{} is not {}", Quoted(StringOf(request, "operation_id")), kOperationIdForm));
  if (NumberOf(request, "page_size") < 0)
    faults.Invalid("page_size", "may not be negative; 0 means 100");
  if (!IsToken(StringOf(request, "page_token")))
    faults.Invalid("page_token", "not one that this agent has given; hand it back as it was read");
}

Status Malformed(const Message& request) {
  return MakeError(
      StatusCode::kInvalidArgument, reasons::kInvalidField,
      fmt::format("the bytes are no {}: truncated, garbled, or a text field is not UTF-8",
                  request.GetDescriptor()->name()));
}

Status CheckSize(size_t bytes) {
  if (bytes <= kRequestBytesMax) return OkStatus();
  return MakeError(
      StatusCode::kInvalidArgument, reasons::kInvalidField,
      fmt::format("the request has {} bytes; at most {} are taken", bytes, kRequestBytesMax));
}

}  // namespace

StatusOr<std::string> BytesOf(const grpc::ByteBuffer& buffer) {
  BERTH_RETURN_IF_ERROR(CheckSize(buffer.Length()));
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok())
    return MakeError(StatusCode::kInvalidArgument, reasons::kInvalidField,
                     "the request cannot be decompressed");
  std::string bytes;
  for (const grpc::Slice& slice : slices)
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  BERTH_RETURN_IF_ERROR(CheckSize(bytes.size()));
  return bytes;
}

Status ParseRequest(std::string_view bytes, Message& request) {
  BERTH_RETURN_IF_ERROR(CheckSize(bytes.size()));
  if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return Malformed(request);
  return OkStatus();
}

RequestFaults CheckRequest(std::string_view bytes, const Message& request) {
  RequestFaults faults;
  WalkRequest(bytes, request, faults);
  CheckSharedFields(request, faults);
  return faults;
}

std::string RequestIdOf(const Message& request) {
  std::string id = StringOf(request, "request_id");
  return IsRequestId(id) ? id : "";
}

std::string TargetOf(const Message& request) {
  if (std::string id = StringOf(request, "instance_id"); IsInstanceId(id)) return id;
  if (std::string id = StringOf(request, "reservation_id"); IsReservationId(id)) return id;
  if (std::string id = StringOf(request, "image_id"); IsImageId(id)) return id;
  if (std::string id = StringOf(request, "operation_id"); IsOperationId(id)) return id;
  return "";
}

std::string CanonicalBytes(const Message& request) {
  const std::unique_ptr<Message> wish(request.New());
  wish->CopyFrom(request);
  if (const FieldDescriptor* epoch = wish->GetDescriptor()->FindFieldByName("control_epoch"))
    wish->GetReflection()->ClearField(wish.get(), epoch);
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  wish->SerializeWithCachedSizes(&coded);
  coded.Trim();
  return bytes;
}

}  // namespace berth::api
