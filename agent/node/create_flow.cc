// SPDX-License-Identifier: Apache-2.0
#include "agent/node/create_flow.h"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "agent/ledger/fence.h"
#include "agent/node/candidate.h"
#include "agent/node/exactly_once.h"
#include "agent/node/resolve_spec.h"
#include "core/base/error.h"
#include "core/base/ids.h"
#include "core/base/reasons.h"

namespace berth::node {
namespace {

// The steps run one after the other, each begun by the end of the one before, so nothing needs a
// lock. Lives as long as its own callbacks.
class CreateFlow : public std::enable_shared_from_this<CreateFlow> {
 public:
  CreateFlow(ContextPtr context, CallContext call, BatchCreateArgs args,
             NodeAgent::DoneWith<model::BatchOutcome> done)
      : context_(std::move(context)),
        call_(std::move(call)),
        args_(std::move(args)),
        done_(std::move(done)) {}
  virtual ~CreateFlow() = default;

  void Start() {
    // What is only checked is neither stored nor answered from the store.
    if (args_.validate_only) call_.request_id.clear();
    for (CreateInstanceArgs& entry : args_.entries) entry.validate_only = args_.validate_only;
    PrepareNext();
  }

 protected:
  // What is found or kept for the call; one instance by itself is kept as such.
  virtual StatusOr<std::optional<model::BatchOutcome>> Find(LedgerTxn& txn) {
    return FindAnswer<model::BatchOutcome>(txn, call_);
  }
  virtual void Keep(LedgerTxn& txn, const model::BatchOutcome& outcome) {
    KeepAnswer(txn, call_, outcome);
  }
  // Where the fields of entry `index` are in the request.
  virtual std::string PathOf(size_t index) const { return fmt::format("entries[{}].", index); }
  virtual void AddIndex(size_t index, ErrorDetails* details) const {
    details->metadata["index"] = std::to_string(index);
  }
  const CallContext& call() const { return call_; }

 private:
  void PrepareNext() {
    if (prepared_.size() == args_.entries.size()) return AllPrepared();
    Prepare(context_, call_, args_.entries[prepared_.size()],
            [self = shared_from_this()](StatusOr<Candidate> candidate) {
              self->prepared_.push_back(std::move(candidate));
              self->PrepareNext();
            });
  }

  // Malformed entries fail the whole call, each with its path.
  void AllPrepared() {
    std::vector<FieldViolation> faults;
    for (size_t i = 0; i < prepared_.size(); ++i) {
      const ErrorDetails details = DetailsOf(prepared_[i].status());
      if (details.reason != reasons::kInvalidField) continue;
      for (const FieldViolation& fault : details.violations) {
        const bool of_call = fault.field == "request_id" || fault.field == "control_epoch";
        if (of_call && i > 0) continue;
        faults.push_back({of_call ? fault.field : PathOf(i) + fault.field, fault.description});
      }
    }
    if (!faults.empty()) malformed_ = InvalidFields(std::move(faults));
    // A repeat is answered all the same: what it asked for may be gone by now.
    if (!malformed_.ok() && call_.request_id.empty()) return Refuse(malformed_);
    Submit();
  }

  void Submit() {
    topology_now_ = context_->TopologyNow();
    context_->with.ledger.Submit(
        [self = shared_from_this()](LedgerTxn& txn) { return self->AdmitOrRefuse(txn); },
        [self = shared_from_this()](Status status) {
          if (!status.ok()) return self->Refuse(std::move(status));
          if (!self->args_.validate_only)
            for (const model::BatchEntry& entry : self->answer_->entries)
              if (entry.instance) self->context_->with.instances.Wake(entry.instance->id);
          self->Answer();
        });
  }

  Status AdmitOrRefuse(LedgerTxn& txn) {
    BERTH_ASSIGN_OR_RETURN(answer_, Find(txn));
    if (answer_) return OkStatus();
    BERTH_RETURN_IF_ERROR(malformed_);
    BERTH_RETURN_IF_ERROR(CheckFence(txn.view(), call_.control_epoch));
    answer_.emplace();
    Status first_refusal;
    bool any = false;
    for (size_t i = 0; i < prepared_.size(); ++i) {
      auto record = Admit(txn, i);
      any |= record.ok();
      if (record.ok()) {
        answer_->entries.push_back({std::move(*record), {}, {}});
        continue;
      }
      if (first_refusal.ok()) first_refusal = WithIndex(record.status(), i);
      if (args_.atomic) break;
      answer_->entries.push_back(
          {{}, model::ErrorOf(record.status()), DetailsOf(record.status()).metadata});
    }
    if (!first_refusal.ok() && (args_.atomic || !any)) return first_refusal;
    if (args_.validate_only) return OkStatus();
    txn.RaiseControlEpoch(call_.control_epoch);
    Keep(txn, *answer_);
    return OkStatus();
  }

  StatusOr<model::InstanceRecord> Admit(LedgerTxn& txn, size_t index) const {
    if (!prepared_[index].ok()) return prepared_[index].status();
    return AdmitCandidate(txn, *context_, call_, *prepared_[index], topology_now_);
  }

  Status WithIndex(const Status& status, size_t index) const {
    ErrorDetails details = DetailsOf(status);
    AddIndex(index, &details);
    return MakeError(status.code(), std::string(status.message()), std::move(details));
  }

  void Refuse(Status status) {
    context_->Refuse<model::BatchOutcome>(std::move(done_), std::move(status));
  }
  void Answer() { context_->Answer<model::BatchOutcome>(std::move(done_), std::move(*answer_)); }

  const ContextPtr context_;
  CallContext call_;
  BatchCreateArgs args_;
  NodeAgent::DoneWith<model::BatchOutcome> done_;

  std::vector<StatusOr<Candidate>> prepared_;
  Status malformed_;
  model::Topology topology_now_;  // As it was when it was submitted.
  std::optional<model::BatchOutcome> answer_;
};

// One instance, which is asked for and answered by itself.
class CreateOneFlow final : public CreateFlow {
 public:
  using CreateFlow::CreateFlow;

 private:
  StatusOr<std::optional<model::BatchOutcome>> Find(LedgerTxn& txn) override {
    BERTH_ASSIGN_OR_RETURN(auto record, FindAnswer<model::InstanceRecord>(txn, call()));
    if (!record) return std::optional<model::BatchOutcome>();
    return std::optional(model::BatchOutcome{{{std::move(*record), {}, {}}}});
  }
  void Keep(LedgerTxn& txn, const model::BatchOutcome& outcome) override {
    KeepAnswer(txn, call(), *outcome.entries.front().instance);
  }
  std::string PathOf(size_t) const override { return ""; }
  void AddIndex(size_t, ErrorDetails*) const override {}
};

std::vector<FieldViolation> BatchFaults(const BatchCreateArgs& args) {
  std::vector<FieldViolation> faults;
  if (args.entries.empty() || args.entries.size() > kBatchMax)
    faults.push_back({"entries", fmt::format("give 1 to {}", kBatchMax)});
  std::set<std::string> ids;
  for (size_t i = 0; i < args.entries.size(); ++i) {
    const std::string& id = args.entries[i].instance_id;
    if (!id.empty() && !ids.insert(id).second)
      faults.push_back({fmt::format("entries[{}].instance_id", i), "given to another entry too"});
  }
  return faults;
}

}  // namespace

void CreateInstance(const ContextPtr& context, CallContext call, CreateInstanceArgs args,
                    NodeAgent::DoneWith<model::InstanceRecord> done) {
  BatchCreateArgs one{.entries = {}, .atomic = true, .validate_only = args.validate_only};
  one.entries.push_back(std::move(args));
  std::make_shared<CreateOneFlow>(context, std::move(call), std::move(one),
                                  [done = std::move(done)](StatusOr<model::BatchOutcome> outcome) {
                                    if (!outcome.ok()) return done(std::move(outcome).status());
                                    done(std::move(*outcome->entries.front().instance));
                                  })
      ->Start();
}

void BatchCreateInstances(const ContextPtr& context, CallContext call, BatchCreateArgs args,
                          NodeAgent::DoneWith<model::BatchOutcome> done) {
  if (auto faults = BatchFaults(args); !faults.empty())
    return context->Refuse(std::move(done), InvalidFields(std::move(faults)));
  std::make_shared<CreateFlow>(context, std::move(call), std::move(args), std::move(done))->Start();
}

}  // namespace berth::node
