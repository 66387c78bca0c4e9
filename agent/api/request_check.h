// SPDX-License-Identifier: Apache-2.0
// What can be said of any request by its descriptor alone, before its method is looked at: that it
// is well formed and not too large, that it holds no field or enum value this agent does not know,
// no text with control characters, and that the fields all requests share have their form.
//
// Pure functions, thread-safe.
#pragma once

#include <grpcpp/support/byte_buffer.h>

#include <string>
#include <string_view>

#include "agent/api/request_faults.h"
#include "core/base/status.h"
#include "google/protobuf/message.h"

namespace berth::api {

// The bytes of a request in one piece; INVALID_ARGUMENT for more than kRequestBytesMax.
StatusOr<std::string> BytesOf(const grpc::ByteBuffer& buffer);
// INVALID_ARGUMENT for too many bytes, and for bytes that are not such a request.
Status ParseRequest(std::string_view bytes, google::protobuf::Message& request);

// Every fault of `request`, parsed from `bytes`, that needs no knowledge of its method.
RequestFaults CheckRequest(std::string_view bytes, const google::protobuf::Message& request);

// The request_id; "" if there is none or it is malformed.
std::string RequestIdOf(const google::protobuf::Message& request);
// The instance_id, reservation_id, image_id or operation_id; likewise.
std::string TargetOf(const google::protobuf::Message& request);
// The request as bytes that are the same for every encoding of the same wish, for comparing a
// repeat with the first call. Without control_epoch: who repeats the call of a control plane that
// was replaced makes the same wish under a higher epoch.
std::string CanonicalBytes(const google::protobuf::Message& request);

}  // namespace berth::api
