// SPDX-License-Identifier: Apache-2.0
// A message as it goes over the wire. Pure, thread-safe.
#pragma once

#include <grpcpp/support/byte_buffer.h>

#include "core/base/status.h"
#include "google/protobuf/message.h"

namespace berth::api {

// OUT_OF_RANGE REPLY_TOO_LARGE beyond kReplyBytesMax (call_room.h); INTERNAL if it cannot be
// serialized.
StatusOr<grpc::ByteBuffer> BytesOfMessage(const google::protobuf::Message& message);

}  // namespace berth::api
