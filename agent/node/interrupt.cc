// SPDX-License-Identifier: Apache-2.0
#include "agent/node/interrupt.h"

#include <utility>

#include "agent/ledger/fence.h"
#include "agent/node/exactly_once.h"
#include "agent/node/verbs.h"

namespace berth::node {
namespace {

class InterruptFlow : public std::enable_shared_from_this<InterruptFlow> {
 public:
  InterruptFlow(ContextPtr context, CallContext call, std::string instance_id,
                NodeAgent::DoneWith<model::InstanceRecord> done)
      : context_(std::move(context)),
        call_(std::move(call)),
        instance_id_(std::move(instance_id)),
        done_(std::move(done)) {}

  void Start() {
    Submit([this](LedgerTxn& txn) { return Check(txn); }, [this] { answer_ ? Answer() : Send(); });
  }

 private:
  void Submit(Ledger::Body body, std::function<void()> then) {
    context_->with.ledger.Submit(
        std::move(body), [self = shared_from_this(), then = std::move(then)](Status status) {
          if (!status.ok()) return self->Refuse(std::move(status));
          then();
        });
  }

  Status Check(LedgerTxn& txn) {
    BERTH_ASSIGN_OR_RETURN(answer_, FindAnswer<model::InstanceRecord>(txn, call_));
    if (answer_) return OkStatus();
    const auto record = txn.view().instances.Find(instance_id_);
    if (record == nullptr) return InstanceNotFound(instance_id_);
    BERTH_RETURN_IF_ERROR(CheckFence(txn.view(), call_.control_epoch));
    BERTH_RETURN_IF_ERROR(CheckEtag(*record, call_));
    txn.RaiseControlEpoch(call_.control_epoch);
    return Decide(*record, nullptr, InterruptRequested{}, LifecycleContext{.now = txn.now()})
        .status();
  }

  void Send() {
    context_->with.hypervisor.InjectNmi(instance_id_, [self = shared_from_this()](Status status) {
      if (!status.ok()) return self->Refuse(std::move(status));
      self->Submit([raw = self.get()](LedgerTxn& txn) { return raw->Keep(txn); },
                   [raw = self.get()] { raw->Answer(); });
    });
  }

  Status Keep(LedgerTxn& txn) {
    const auto record = txn.view().instances.Find(instance_id_);
    if (record == nullptr) return InstanceNotFound(instance_id_);
    answer_ = *record;
    KeepAnswer(txn, call_, *answer_);
    return OkStatus();
  }

  void Answer() { context_->Answer<model::InstanceRecord>(std::move(done_), std::move(*answer_)); }
  void Refuse(Status status) { context_->Refuse(std::move(done_), std::move(status)); }

  const ContextPtr context_;
  const CallContext call_;
  const std::string instance_id_;
  NodeAgent::DoneWith<model::InstanceRecord> done_;
  std::optional<model::InstanceRecord> answer_;
};

}  // namespace

void Interrupt(const ContextPtr& context, CallContext call, const std::string& instance_id,
               NodeAgent::DoneWith<model::InstanceRecord> done) {
  if (Status status = CheckCall(call, instance_id); !status.ok())
    return context->Refuse(std::move(done), std::move(status));
  std::make_shared<InterruptFlow>(context, std::move(call), instance_id, std::move(done))->Start();
}

}  // namespace berth::node
