// SPDX-License-Identifier: Apache-2.0
#include "agent/api/message_bytes.h"

#include <fmt/format.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include "agent/api/call_room.h"
#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth::api {

StatusOr<grpc::ByteBuffer> BytesOfMessage(const google::protobuf::Message& message) {
  const size_t bytes = message.ByteSizeLong();
  if (bytes > kReplyBytesMax)
    return MakeError(StatusCode::kOutOfRange, reasons::kReplyTooLarge,
                     fmt::format("the reply would have {} bytes, more than the {} of one message; "
                                 "ask for less at a time",
                                 bytes, kReplyBytesMax));
  grpc::ByteBuffer out;
  bool own = false;
  const grpc::Status done =
      grpc::SerializationTraits<google::protobuf::Message>::Serialize(message, &out, &own);
  if (!done.ok()) return Status(StatusCode::kInternal, "the reply cannot be serialized");
  return out;
}

}  // namespace berth::api
