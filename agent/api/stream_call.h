// SPDX-License-Identifier: Apache-2.0
// One call whose answer is a stream of messages, from its arrival to its one end: an error, or its
// reader leaving. One message is on its way at a time; the next is asked for when it has been
// taken, so that a slow reader holds one message here and no more.
//
// Thread-safe.
#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <functional>
#include <memory>
#include <optional>

#include "agent/api/call_core.h"
#include "core/base/mutex.h"

namespace berth::api {

class StreamCall final : public CallCore, public std::enable_shared_from_this<StreamCall> {
 public:
  // As Call::Begin.
  static std::shared_ptr<StreamCall> Begin(const Method& method, CallRoom& room,
                                           CallGate::Ticket ticket, Caller caller);
  ~StreamCall() override;

  // What the handler returns to gRPC, which owns it.
  grpc::ServerWriteReactor<grpc::ByteBuffer>* reactor() const;
  // Lets the call be ended by CallRoom::Stop.
  void MarkWaiting();

  // `written` is called when the message has been taken, from a thread of gRPC's; never, if the
  // call ends first. Not before the one before it was taken.
  void Write(std::shared_ptr<const grpc::ByteBuffer> message, std::function<void()> written)
      EXCLUDES(mutex_);
  void Fail(const Status& status) override;
  // That was all, after the message that is on its way.
  void Finish() { Fail(OkStatus()); }

 private:
  class Reactor;
  StreamCall(const Method& method, CallRoom& room, CallGate::Ticket ticket, Caller caller);
  void Written(bool taken) EXCLUDES(mutex_);
  void Cancelled();
  void End(const Status& status) EXCLUDES(mutex_);

  Reactor* reactor_ = nullptr;  // Alive until its Finish.
  bool waiting_ = false;
  Mutex mutex_;
  std::shared_ptr<const grpc::ByteBuffer> writing_ GUARDED_BY(mutex_);
  std::function<void()> written_ GUARDED_BY(mutex_);
  std::optional<Status> end_ GUARDED_BY(mutex_);  // Waits for the message that is on its way.
};

using StreamPtr = std::shared_ptr<StreamCall>;

}  // namespace berth::api
