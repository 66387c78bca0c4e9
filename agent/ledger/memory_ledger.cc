// SPDX-License-Identifier: Apache-2.0
#include "agent/ledger/memory_ledger.h"

#include <utility>

#include "agent/ledger/retention.h"
#include "core/base/error.h"
#include "core/base/ids.h"
#include "core/base/reasons.h"

namespace berth {

class MemoryLedgerStore final : public LedgerStore {
 public:
  MemoryLedgerStore(MemoryLedgerFile& file, const Clock& clock) : file_(file), clock_(clock) {}

  StatusOr<std::optional<StoredRequest>> FindRequest(const RequestKey& key) override;
  StatusOr<bool> WasErased(const std::string& id) override;
  StatusOr<KeptChanges> FindChanges(const ChangeQuery& query) override;
  StatusOr<std::vector<model::Event>> FindEvents(const EventQuery& query) override;
  Status Add(const WriteSet& writes, const model::NodeView& after) override;
  bool CommitOpen() const override { return !added_.empty(); }
  CommitOutcome Commit() override;
  Status Check() override { return OkStatus(); }
  Status CopyTo(const std::string&) override {
    return absl::UnimplementedError("a ledger in memory has no file");
  }
  void Tidy(const model::NodeView& view) override;

 private:
  static MemoryLedgerFile::Key KeyOf(const RequestKey& key) {
    return {key.principal, key.method, key.request_id};
  }
  // One transaction of the open commit.
  struct Added {
    WriteSet writes;
    std::vector<InstanceChange> changes;
  };
  void Keep(const Added& added, WallTime now);
  void KeepEvents(const std::vector<model::Event>& events);
  void TrimChanges(WallTime oldest);
  void TrimEvents(WallTime oldest);

  MemoryLedgerFile& file_;
  const Clock& clock_;
  std::vector<Added> added_;  // The open commit,
  model::NodeView after_;     // and the picture with it.
  WallTime next_tidy_{};
};

StatusOr<std::optional<StoredRequest>> MemoryLedgerStore::FindRequest(const RequestKey& key) {
  for (const auto& [writes, changes] : added_)
    for (const StoredRequest& request : writes.requests)
      if (request.key == key) return std::optional(request);
  const auto it = file_.requests_.find(KeyOf(key));
  if (it == file_.requests_.end()) return std::optional<StoredRequest>();
  const auto& expires = it->second.expires;
  if (expires && *expires <= clock_.WallNow()) return std::optional<StoredRequest>();
  return std::optional(it->second.request);
}

StatusOr<bool> MemoryLedgerStore::WasErased(const std::string& id) {
  for (const auto& [writes, changes] : added_)
    for (const std::string& forgotten : writes.forgotten)
      if (forgotten == id) return true;
  return file_.erased_.contains(id);
}

Status MemoryLedgerStore::Add(const WriteSet& writes, const model::NodeView& after) {
  added_.push_back({writes, ChangesOf(writes, after)});
  after_ = after;
  return OkStatus();
}

CommitOutcome MemoryLedgerStore::Commit() {
  const std::vector<Added> added = std::exchange(added_, {});
  const CommitFault fault = std::exchange(file_.fault_, CommitFault::kNone);
  if (fault == CommitFault::kFull)
    return {CommitOutcome::Kind::kNothingKept,
            MakeError(StatusCode::kResourceExhausted, reasons::kStorageFull,
                      "writing the ledger: the disk is full")};
  if (fault == CommitFault::kUnavailable)
    return {CommitOutcome::Kind::kNothingKept,
            MakeError(StatusCode::kUnavailable, reasons::kLedgerUnavailable,
                      "writing the ledger: asked to fail")};
  if (fault != CommitFault::kDieBefore) {
    for (const Added& transaction : added) Keep(transaction, clock_.WallNow());
    file_.view_ = after_;
    ++file_.commit_count_;
  }
  if (fault == CommitFault::kNone) return {};
  return {CommitOutcome::Kind::kUnknown, absl::UnknownError("asked to die")};
}

StatusOr<KeptChanges> MemoryLedgerStore::FindChanges(const ChangeQuery& query) {
  KeptChanges kept;
  if (!file_.changes_.empty()) kept.oldest = file_.changes_.front().revision;
  for (const InstanceChange& change : file_.instance_changes_)
    if (change.revision > query.after && change.revision <= query.through &&
        kept.changes.size() < query.limit)
      kept.changes.push_back(change);
  return kept;
}

StatusOr<std::vector<model::Event>> MemoryLedgerStore::FindEvents(const EventQuery& query) {
  std::vector<model::Event> events;
  for (const model::Event& event : file_.events_)
    if (event.number > query.after_number && event.revision > query.after_revision &&
        event.revision <= query.through_revision && event.time >= query.since &&
        (query.subject.empty() || event.subject == query.subject) && events.size() < query.limit)
      events.push_back(event);
  return events;
}

void MemoryLedgerStore::KeepEvents(const std::vector<model::Event>& events) {
  for (const model::Event& event : events) {
    file_.events_.push_back(event);
    file_.events_.back().number = file_.next_event_++;
  }
}

void MemoryLedgerStore::Keep(const Added& added, WallTime now) {
  const WriteSet& writes = added.writes;
  file_.instance_changes_.insert(file_.instance_changes_.end(), added.changes.begin(),
                                 added.changes.end());
  for (const std::string& id : writes.forgotten)
    std::erase_if(file_.events_, [&](const model::Event& event) { return event.subject == id; });
  KeepEvents(writes.events);
  file_.changes_.insert(file_.changes_.end(), writes.changes.begin(), writes.changes.end());
  for (const StoredRequest& request : writes.requests) {
    auto& kept = file_.requests_[KeyOf(request.key)];
    kept.request = request;
    kept.expires =
        request.instance_id.empty() ? std::optional<WallTime>(now + kRequestsKept) : std::nullopt;
  }
  for (const std::string& id : writes.forgotten) {
    file_.erased_.insert(id);
    for (auto& [key, kept] : file_.requests_)
      if (kept.request.instance_id == id) kept.expires = now + kRequestsKept;
  }
}

void MemoryLedgerStore::Tidy(const model::NodeView&) {
  const WallTime now = clock_.WallNow();
  if (now < next_tidy_) return;
  next_tidy_ = now + std::chrono::minutes(1);
  std::erase_if(file_.requests_, [&](const auto& entry) {
    const auto& expires = entry.second.expires;
    return expires && *expires <= now;
  });
  TrimChanges(now - kChangesKeptFor);
  TrimEvents(now - kChangesKeptFor);
}

void MemoryLedgerStore::TrimChanges(WallTime oldest) {
  auto& changes = file_.changes_;
  auto first = changes.begin();
  if (static_cast<int64_t>(changes.size()) > kChangesKept) first = changes.end() - kChangesKept;
  while (first != changes.end() && first + 1 != changes.end() && first->time < oldest) ++first;
  changes.erase(changes.begin(), first);
  std::erase_if(file_.instance_changes_, [&](const InstanceChange& change) {
    return changes.empty() || change.revision < changes.front().revision;
  });
}

void MemoryLedgerStore::TrimEvents(WallTime oldest) {
  std::erase_if(file_.events_, [&](const model::Event& event) {
    return event.time < oldest && file_.view_.instances.Find(event.subject) == nullptr;
  });
}

void MemoryLedgerFile::Lose() {
  MemoryLedgerFile lost(view_.identity.node_id);
  lost.died = std::move(died);
  *this = std::move(lost);
}

std::unique_ptr<Ledger> OpenMemoryLedger(MemoryLedgerFile& file, Executor& executor,
                                         const Clock& clock, Random& random,
                                         GroupCommitOptions options, std::string boot_id) {
  model::Identity& identity = file.view_.identity;
  if (identity.node_id.empty()) identity.node_id = NewUuid(random);
  if (identity.ledger_id.empty()) identity.ledger_id = NewUuid(random);
  identity.boot_id = std::move(boot_id);
  ++identity.agent_epoch;
  options.unknown_outcome = [&file](const Status&) {
    if (file.died) file.died();
  };
  return std::make_unique<GroupCommit>(std::make_unique<MemoryLedgerStore>(file, clock), file.view_,
                                       std::move(options), executor, clock);
}

}  // namespace berth
