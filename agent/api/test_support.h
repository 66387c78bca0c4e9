// SPDX-License-Identifier: Apache-2.0
// What the tests of this room share: a log that can be read, errors decoded as a client sees them,
// and calls made with raw bytes.
#pragma once

#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>

#include <future>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/base/log.h"
#include "core/base/mutex.h"

namespace berth::api {

// Thread-safe.
class RecordingLog final : public Log {
 public:
  struct Line {
    LogLevel level;
    std::string message;
    std::map<std::string, std::string> fields;
  };
  bool Enabled(LogLevel) const override { return true; }
  void Write(LogLevel level, std::string_view message, LogFields fields) override {
    Line line{level, std::string(message), {}};
    for (const LogField& field : fields) line.fields[std::string(field.key)] = field.value;
    MutexLock lock(mutex_);
    lines_.push_back(std::move(line));
  }
  std::vector<Line> LinesWith(const std::string& message) const {
    MutexLock lock(mutex_);
    std::vector<Line> found;
    for (const Line& line : lines_)
      if (line.message == message) found.push_back(line);
    return found;
  }

 private:
  mutable Mutex mutex_;
  std::vector<Line> lines_ GUARDED_BY(mutex_);
};

// An error as a client reads it.
struct WireError {
  grpc::StatusCode code = grpc::StatusCode::OK;
  std::string message;
  std::string domain;
  std::string reason;  // "" if there is no ErrorInfo.
  std::map<std::string, std::string> metadata;
  std::map<std::string, std::string> violations;  // Field to description.
  int64_t retry_ms = -1;                          // -1 if there is no RetryInfo.
  std::string resource;                           // "berth.v1.Instance i-…"
};

inline WireError Decode(const grpc::Status& status) {
  WireError out{.code = status.error_code(), .message = status.error_message()};
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return out;
  google::rpc::ErrorInfo info;
  google::rpc::BadRequest bad;
  google::rpc::RetryInfo retry;
  google::rpc::ResourceInfo resource;
  for (const auto& any : details.details()) {
    if (any.UnpackTo(&info)) {
      out.domain = info.domain();
      out.reason = info.reason();
      out.metadata = {info.metadata().begin(), info.metadata().end()};
    } else if (any.UnpackTo(&bad)) {
      for (const auto& v : bad.field_violations()) out.violations[v.field()] = v.description();
    } else if (any.UnpackTo(&retry)) {
      out.retry_ms = retry.retry_delay().seconds() * 1000 + retry.retry_delay().nanos() / 1000000;
    } else if (any.UnpackTo(&resource)) {
      out.resource = resource.resource_type() + " " + resource.resource_name();
    }
  }
  return out;
}

// The fields that `error` complains of.
inline std::vector<std::string> FieldsOf(const WireError& error) {
  std::vector<std::string> fields;
  for (const auto& [field, unused] : error.violations) fields.push_back(field);
  return fields;
}

// One unary call with `bytes` as they are; the reply's bytes go to `reply` where it is given.
inline grpc::Status CallRaw(const std::shared_ptr<grpc::Channel>& channel, const std::string& path,
                            const std::string& bytes, grpc::ClientContext* context = nullptr,
                            std::string* reply_bytes = nullptr) {
  grpc::ClientContext own;
  const grpc::Slice slice(bytes);
  const grpc::ByteBuffer request(&slice, 1);
  grpc::ByteBuffer reply;
  std::promise<grpc::Status> promise;
  grpc::GenericStub stub(channel);
  stub.UnaryCall(context != nullptr ? context : &own, path, grpc::StubOptions(), &request, &reply,
                 [&promise](grpc::Status status) { promise.set_value(std::move(status)); });
  grpc::Status status = promise.get_future().get();
  std::vector<grpc::Slice> slices;
  if (reply_bytes != nullptr && status.ok() && reply.Dump(&slices).ok())
    for (const grpc::Slice& s : slices)
      reply_bytes->append(reinterpret_cast<const char*>(s.begin()), s.size());
  return status;
}

}  // namespace berth::api
