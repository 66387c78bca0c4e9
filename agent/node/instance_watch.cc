// SPDX-License-Identifier: Apache-2.0
#include "agent/node/instance_watch.h"

#include <algorithm>
#include <utility>

#include "agent/node/node_context.h"
#include "agent/node/reachability.h"
#include "agent/node/resume_token.h"
#include "core/base/error.h"
#include "core/base/probe.h"
#include "core/base/reasons.h"

namespace berth {
namespace {

constexpr size_t kMessagesMax = 100;  // Given at a time, and read from the ledger at a time.

Status TooSlow() {
  return MakeError(StatusCode::kAborted, reasons::kSlowReader,
                   "this watch fell too far behind: go on from the last resume_token");
}

template <typename Queue>
void MoveSome(Queue& from, InstanceWatch::Messages& into) {
  while (!from.empty() && into.size() < kMessagesMax) {
    into.push_back(std::move(from.front()));
    from.pop_front();
  }
}

}  // namespace

InstanceWatch::InstanceWatch(node::ContextPtr context, WatchArgs args, int64_t after)
    : context_(std::move(context)), args_(std::move(args)), after_(after) {}

InstanceWatch::~InstanceWatch() = default;

bool InstanceWatch::WantsRecord(const model::InstanceRecord& record) const {
  return (args_.instance_ids.empty() || args_.instance_ids.contains(record.id)) &&
         (args_.tenant_id.empty() || record.spec.tenant_id == args_.tenant_id);
}

// Of one that is gone only the id is known any more.
bool InstanceWatch::Wants(const WatchMessage& message) const {
  if (message.record != nullptr) return WantsRecord(*message.record);
  return args_.instance_ids.empty() || args_.instance_ids.contains(message.id);
}

void InstanceWatch::Begin(const std::shared_ptr<const model::NodeView>& view) {
  MutexLock lock(mutex_);
  from_ = view->revision;
  std::erase_if(pushed_, [from = from_](const auto& message) { return message->revision <= from; });
  resuming_ = after_ >= 0;
  if (resuming_) return;
  const HypervisorHealth health = context_->with.hypervisor.Health();
  std::deque<WatchMessagePtr> existing;
  view->instances.ForEach([&](const std::string& id, const auto& record) {
    if (!WantsRecord(*record)) return;
    auto message = std::make_shared<WatchMessage>();
    message->kind = WatchMessage::Kind::kExisting;
    message->id = id;
    message->record = node::WithReachability(record, health);
    message->revision = view->revision;
    existing.push_back(std::move(message));
  });
  std::sort(existing.begin(), existing.end(),
            [](const auto& a, const auto& b) { return a->id < b->id; });
  auto synced = std::make_shared<WatchMessage>();
  synced->kind = WatchMessage::Kind::kSynced;
  synced->revision = view->revision;
  synced->resume_token = node::ResumeToken(view->identity.ledger_id, view->revision);
  existing.push_back(std::move(synced));
  first_ = std::move(existing);
}

void InstanceWatch::Next(Done done) {
  StatusOr<Messages> messages = Messages();
  {
    MutexLock lock(mutex_);
    if (too_slow_)
      messages = TooSlow();
    else
      messages = Take();
    if (messages.ok() && messages->empty()) {
      waiting_ = std::move(done);
      return;
    }
  }
  Answer(std::move(done), std::move(messages));
}

InstanceWatch::Messages InstanceWatch::Take() {
  Messages messages;
  MoveSome(first_, messages);
  if (!messages.empty()) return messages;
  if (resuming_) {
    ReadKept();
    return messages;
  }
  MoveSome(pushed_, messages);
  return messages;
}

void InstanceWatch::ReadKept() {
  BERTH_PROBE("a watch that resumes reads what it missed");
  auto kept = std::make_shared<KeptChanges>();
  const ChangeQuery query{after_, from_, kMessagesMax};
  context_->with.ledger.Submit(
      [kept, query](LedgerTxn& txn) -> Status {
        BERTH_ASSIGN_OR_RETURN(*kept, txn.FindChanges(query));
        return OkStatus();
      },
      [self = shared_from_this(), kept](const Status& status) {
        self->KeptRead(status.ok() ? StatusOr<KeptChanges>(std::move(*kept)) : status);
      });
}

void InstanceWatch::KeptRead(StatusOr<KeptChanges> kept) {
  StatusOr<Messages> messages = Messages();
  Done done;
  {
    MutexLock lock(mutex_);
    done = std::exchange(waiting_, nullptr);
    if (!kept.ok()) {
      messages = kept.status();
    } else if (kept->oldest > after_ && after_ < from_) {
      BERTH_PROBE("a watch resumes too late");
      messages = node::StaleResumeToken();
    } else {
      const std::string& ledger_id = context_->with.ledger.View()->identity.ledger_id;
      const HypervisorHealth health = context_->with.hypervisor.Health();
      for (const InstanceChange& change : kept->changes) {
        WatchMessagePtr message = node::MessageOf(change, health, ledger_id);
        if (Wants(*message)) messages->push_back(std::move(message));
      }
      resuming_ = kept->changes.size() == kMessagesMax;
      after_ = resuming_ ? kept->changes.back().revision : from_;
    }
  }
  if (!messages.ok() || !messages->empty()) return Answer(std::move(done), std::move(messages));
  Next(std::move(done));
}

void InstanceWatch::Push(const Messages& messages) {
  Done done;
  StatusOr<Messages> taken = Messages();
  {
    MutexLock lock(mutex_);
    if (too_slow_) return;
    for (const WatchMessagePtr& message : messages)
      if (message->revision > from_ && Wants(*message)) pushed_.push_back(message);
    too_slow_ = pushed_.size() > kBehindMax;
    if (too_slow_) pushed_.clear();
    if (!waiting_ || resuming_ || !first_.empty()) return;
    if (too_slow_)
      taken = TooSlow();
    else
      taken = Take();
    if (taken.ok() && taken->empty()) return;
    done = std::exchange(waiting_, nullptr);
  }
  Answer(std::move(done), std::move(taken));
}

void InstanceWatch::Beat(const WatchMessagePtr& heartbeat) {
  Done done;
  {
    MutexLock lock(mutex_);
    if (!waiting_ || resuming_ || heartbeat->revision < from_) return;
    done = std::exchange(waiting_, nullptr);
  }
  Answer(std::move(done), Messages{heartbeat});
}

void InstanceWatch::Answer(Done done, StatusOr<Messages> messages) const {
  context_->Answer<Messages>(std::move(done), std::move(messages));
}

}  // namespace berth
