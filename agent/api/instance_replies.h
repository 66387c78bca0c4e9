// SPDX-License-Identifier: Apache-2.0
// Replies of GetInstance, kept as bytes until the instance changes. To convert a record and to
// serialize it takes longer than all else that this room does for the call, and a digest of its
// user data longer still. At most kRepliesKept are kept, some 400 bytes each but for long specs.
//
// Thread-safe.
#pragma once

#include <grpcpp/support/byte_buffer.h>

#include <string>
#include <unordered_map>

#include "core/base/mutex.h"
#include "core/base/status.h"
#include "core/model/instance_record.h"

namespace berth::api {

inline constexpr size_t kRepliesKept = 4096;

class InstanceReplies {
 public:
  // FromRecord's message (instance_convert.h), serialized. Fails as BytesOfMessage does.
  StatusOr<grpc::ByteBuffer> Get(const model::InstanceRecord& record, bool operation_runs)
      EXCLUDES(mutex_);

 private:
  // All that a reply depends on, beside the instance's id.
  struct Version {
    int64_t revision = 0;
    bool reachable = false;  // Not a part of what is stored.
    bool operation_runs = false;
    bool operator==(const Version&) const = default;
  };
  struct Kept {
    Version version;
    grpc::ByteBuffer bytes;
  };

  Mutex mutex_;
  std::unordered_map<std::string, Kept> kept_ GUARDED_BY(mutex_);
};

}  // namespace berth::api
