// SPDX-License-Identifier: Apache-2.0
#include "agent/api/ledger_rpcs.h"

#include <unistd.h>

#include <memory>
#include <utility>

#include "agent/api/message_bytes.h"
#include "berth/v1/node_service.pb.h"

namespace berth::api {
namespace {

constexpr size_t kChunkBytes = 65536;

v1::CheckLedgerResponse FromLook(const LedgerLook& look) {
  v1::CheckLedgerResponse out;
  out.set_intact(look.fault.ok());
  out.set_readable(look.readable);
  out.set_fault(std::string(look.fault.message()));
  out.set_path(look.path);
  out.set_file_bytes(look.bytes);
  out.set_instance_count(look.instances);
  out.set_revision(look.revision);
  return out;
}

// Reads and writes one piece after the other. The copy was just written, so that its pieces come
// from memory, and a handler's thread may read them.
class ExportPump : public std::enable_shared_from_this<ExportPump> {
 public:
  ExportPump(std::shared_ptr<LedgerCopy> copy, StreamPtr call)
      : copy_(std::move(copy)), call_(std::move(call)) {}

  void Next() {
    if (call_->ended()) return;
    v1::ExportLedgerResponse message;
    if (sent_ == 0) {
      message.set_revision(copy_->revision);
      message.set_total_bytes(copy_->bytes);
    }
    std::string& chunk = *message.mutable_chunk();
    chunk.resize(kChunkBytes);
    const ssize_t got = pread(copy_->file.get(), chunk.data(), chunk.size(), sent_);
    if (got < 0) return call_->Fail(absl::InternalError("the copy cannot be read"));
    if (got == 0) return call_->Finish();
    chunk.resize(static_cast<size_t>(got));
    sent_ += got;
    auto bytes = BytesOfMessage(message);
    if (!bytes.ok()) return call_->Fail(bytes.status());
    call_->Write(std::make_shared<const grpc::ByteBuffer>(*std::move(bytes)),
                 [self = shared_from_this()] { self->Next(); });
  }

 private:
  const std::shared_ptr<LedgerCopy> copy_;
  const StreamPtr call_;
  int64_t sent_ = 0;
};

void Export(LedgerCare& care, const StreamPtr& call) {
  care.Export([call](StatusOr<std::shared_ptr<LedgerCopy>> copy) {
    if (!copy.ok()) return call->Fail(copy.status());
    std::make_shared<ExportPump>(*std::move(copy), call)->Next();
  });
}

template <typename Reply>
LedgerCare::Done Answer(const CallPtr& call) {
  return
      [call](const Status& status) { status.ok() ? call->Succeed(Reply()) : call->Fail(status); };
}

void Restore(LedgerCare& care, const v1::RestoreLedgerRequest& request, RequestFaults faults,
             const CallPtr& call) {
  if (request.path().empty() || request.path().front() != '/')
    faults.Invalid("path", "give the absolute path of a file on the node");
  if (const Status wrong = faults.ToStatus(); !wrong.ok()) return call->Fail(wrong);
  care.Restore(request.path(), request.control_epoch(), Answer<v1::RestoreLedgerResponse>(call));
}

}  // namespace

void ServeLedger(RpcService& service, LedgerCare& care) {
  service.Serve<v1::CheckLedgerRequest>(
      "CheckLedger", [&care](const auto&, RequestFaults faults, const CallPtr& call) {
        if (const Status wrong = faults.ToStatus(); !wrong.ok()) return call->Fail(wrong);
        care.Check(call->AnswerWith<LedgerLook>(FromLook));
      });
  service.ServeStream<v1::ExportLedgerRequest>(
      "ExportLedger", [&care](const auto&, RequestFaults faults, const StreamPtr& call) {
        if (const Status wrong = faults.ToStatus(); !wrong.ok()) return call->Fail(wrong);
        Export(care, call);
      });
  service.Serve<v1::RebuildLedgerRequest>(
      "RebuildLedger", [&care](const auto&, RequestFaults faults, const CallPtr& call) {
        if (const Status wrong = faults.ToStatus(); !wrong.ok()) return call->Fail(wrong);
        care.Rebuild(Answer<v1::RebuildLedgerResponse>(call));
      });
  service.Serve<v1::RestoreLedgerRequest>(
      "RestoreLedger", [&care](const auto& request, RequestFaults faults, const CallPtr& call) {
        Restore(care, request, std::move(faults), call);
      });
}

}  // namespace berth::api
