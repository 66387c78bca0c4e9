// SPDX-License-Identifier: Apache-2.0
#include "agent/api/instance_replies.h"

#include "agent/api/instance_convert.h"
#include "agent/api/message_bytes.h"

namespace berth::api {

StatusOr<grpc::ByteBuffer> InstanceReplies::Get(const model::InstanceRecord& record,
                                                bool operation_runs) {
  const Version version = {record.revision, record.reachable, operation_runs};
  {
    MutexLock lock(mutex_);
    const auto found = kept_.find(record.id);
    if (found != kept_.end() && found->second.version == version) return found->second.bytes;
  }
  BERTH_ASSIGN_OR_RETURN(grpc::ByteBuffer bytes,
                         BytesOfMessage(FromRecord(record, operation_runs)));
  MutexLock lock(mutex_);
  if (kept_.size() >= kRepliesKept) kept_.clear();  // So rare that which go does not matter.
  kept_[record.id] = {version, bytes};
  return bytes;
}

}  // namespace berth::api
