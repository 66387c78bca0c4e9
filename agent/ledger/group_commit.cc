// SPDX-License-Identifier: Apache-2.0
#include "agent/ledger/group_commit.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "agent/ledger/change_events.h"
#include "agent/ledger/ledger_check.h"
#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/probe.h"
#include "core/base/reasons.h"

namespace berth {
namespace {

struct Waiting {
  Ledger::Body body;
  Ledger::Done done;
};

// What is done with the file itself, between two commits.
using Chore = std::function<void(LedgerStore& store, const model::NodeView& view)>;

// What is to be said to one caller when the turn has ended.
struct Answer {
  Ledger::Done done;
  Status status;
  bool rests_on_commit = false;  // It wrote, or has seen what others wrote in this turn.
};

void Append(std::vector<InstanceChange> more, std::vector<InstanceChange>& changes) {
  changes.insert(changes.end(), std::make_move_iterator(more.begin()),
                 std::make_move_iterator(more.end()));
}

}  // namespace

// Owned by its GroupCommit and, while a turn runs, by that turn: so a turn outlives its owner.
class GroupCommit::Loop : public std::enable_shared_from_this<Loop> {
 public:
  Loop(std::unique_ptr<LedgerStore> store, model::NodeView first, GroupCommitOptions options,
       Executor& executor, const Clock& clock)
      : store_(std::move(store)),
        options_(std::move(options)),
        executor_(executor),
        clock_(clock),
        published_(std::make_shared<const model::NodeView>(std::move(first))) {}

  void Submit(Body body, Done done);
  void Do(Chore chore) EXCLUDES(mutex_);
  std::shared_ptr<const model::NodeView> View() const { return published_.Get(); }
  void SetListener(Listener listener) { listener_ = std::move(listener); }

 private:
  // One turn's work in progress.
  struct Turn {
    std::shared_ptr<const model::NodeView> base;  // As published.
    model::NodeView working;                      // With what this turn has written so far.
    std::vector<Answer> answers;
    size_t written = 0;                   // Transactions in the open commit,
    std::vector<InstanceChange> changes;  // and what they have changed.
  };

  void PostTurn();
  void RunTurn();
  std::vector<Waiting> TakeWaiting() EXCLUDES(mutex_);
  void RunBody(Waiting waiting, Turn& turn);
  Status Write(LedgerTxn& txn, model::NodeView& attempt, Turn& turn);
  void CommitLost(const Status& why, Turn& turn);
  bool Commit(Turn& turn);
  void Publish(model::NodeView view, const std::vector<InstanceChange>& changes);
  void DoChores() EXCLUDES(mutex_);
  void EndTurn() EXCLUDES(mutex_);

  const std::unique_ptr<LedgerStore> store_;
  const GroupCommitOptions options_;
  Executor& executor_;
  const Clock& clock_;
  Published<model::NodeView> published_;
  Listener listener_;  // Set before the first Submit.

  Mutex mutex_;
  std::deque<Waiting> waiting_ GUARDED_BY(mutex_);
  std::deque<Chore> chores_ GUARDED_BY(mutex_);
  bool turn_posted_ GUARDED_BY(mutex_) = false;
};

void GroupCommit::Loop::Submit(Body body, Done done) {
  bool post = false;
  {
    MutexLock lock(mutex_);
    if (waiting_.size() < options_.queue_max) {
      waiting_.push_back({std::move(body), std::move(done)});
      post = !std::exchange(turn_posted_, true);
      done = nullptr;
    }
  }
  if (post) PostTurn();
  if (done == nullptr) return;
  executor_.Post([done = std::move(done), retry_after = options_.retry_after] {
    done(MakeError(StatusCode::kUnavailable, "the ledger has too many requests waiting",
                   {.reason = reasons::kOverloaded, .retry_after = retry_after}));
  });
}

void GroupCommit::Loop::Do(Chore chore) {
  {
    MutexLock lock(mutex_);
    chores_.push_back(std::move(chore));
    if (std::exchange(turn_posted_, true)) return;
  }
  PostTurn();
}

void GroupCommit::Loop::PostTurn() {
  executor_.Post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->RunTurn();
  });
}

void GroupCommit::Loop::RunTurn() {
  Turn turn{.base = published_.Get(), .working = *published_.Get()};
  for (Waiting& waiting : TakeWaiting()) RunBody(std::move(waiting), turn);
  if (store_->CommitOpen() && !Commit(turn)) return;
  for (Answer& answer : turn.answers) answer.done(std::move(answer.status));
  DoChores();
  store_->Tidy(*published_.Get());
  EndTurn();
}

void GroupCommit::Loop::DoChores() {
  std::deque<Chore> chores;
  {
    MutexLock lock(mutex_);
    chores.swap(chores_);
  }
  for (const Chore& chore : chores) chore(*store_, *published_.Get());
}

std::vector<Waiting> GroupCommit::Loop::TakeWaiting() {
  MutexLock lock(mutex_);
  const auto count = static_cast<std::ptrdiff_t>(std::min(waiting_.size(), options_.batch_max));
  const auto end = waiting_.begin() + count;
  std::vector<Waiting> taken(std::make_move_iterator(waiting_.begin()),
                             std::make_move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  return taken;
}

void GroupCommit::Loop::RunBody(Waiting waiting, Turn& turn) {
  model::NodeView attempt = turn.working;
  LedgerTxn txn(attempt, *store_, clock_.WallNow());
  Status status = waiting.body(txn);
  if (status.ok() && !txn.writes().empty()) status = Write(txn, attempt, turn);
  turn.answers.push_back({std::move(waiting.done), std::move(status), turn.written > 0});
}

Status GroupCommit::Loop::Write(LedgerTxn& txn, model::NodeView& attempt, Turn& turn) {
  BERTH_RETURN_IF_ERROR(CheckWrites(txn.writes(), turn.working, attempt));
  for (model::Event& event : EventsOf(txn.writes().changes, turn.working, attempt))
    txn.AddEvent(std::move(event));
  Status added = store_->Add(txn.writes(), attempt);
  if (added.ok()) {
    Append(ChangesOf(txn.writes(), attempt), turn.changes);
    turn.working = std::move(attempt);
    ++turn.written;
  } else if (!store_->CommitOpen()) {
    CommitLost(added, turn);
  }
  return added;
}

// Nothing of the turn so far is kept: those who wrote, or saw what was written, get the error
// instead.
void GroupCommit::Loop::CommitLost(const Status& why, Turn& turn) {
  BERTH_PROBE("a commit is not kept");
  for (Answer& answer : turn.answers)
    if (std::exchange(answer.rests_on_commit, false)) answer.status = why;
  turn.working = *turn.base;
  turn.written = 0;
  turn.changes.clear();
}

// False if nobody may be answered any more.
bool GroupCommit::Loop::Commit(Turn& turn) {
  const SteadyTime began = clock_.Now();
  const CommitOutcome outcome = store_->Commit();
  switch (outcome.kind) {
    case CommitOutcome::Kind::kDurable:
      if (turn.written == 0) return true;  // The one transaction of it was taken back.
      if (options_.committed)
        options_.committed(turn.written,
                           std::chrono::duration_cast<Duration>(clock_.Now() - began));
      Publish(std::move(turn.working), turn.changes);
      return true;
    case CommitOutcome::Kind::kNothingKept:
      CommitLost(outcome.why, turn);
      return true;
    case CommitOutcome::Kind::kUnknown:
      break;
  }
  if (!options_.unknown_outcome)
    Fatal(__FILE__, __LINE__, "a commit of the ledger has an unknown outcome",
          outcome.why.ToString());
  options_.unknown_outcome(outcome.why);
  return false;  // turn_posted_ stays set: no turn runs again.
}

void GroupCommit::Loop::Publish(model::NodeView view, const std::vector<InstanceChange>& changes) {
  const auto next = std::make_shared<const model::NodeView>(std::move(view));
  published_.Set(next);
  if (listener_) listener_(next, changes);
}

void GroupCommit::Loop::EndTurn() {
  {
    MutexLock lock(mutex_);
    turn_posted_ = !waiting_.empty() || !chores_.empty();
    if (!turn_posted_) return;
  }
  PostTurn();
}

GroupCommit::GroupCommit(std::unique_ptr<LedgerStore> store, model::NodeView first,
                         GroupCommitOptions options, Executor& executor, const Clock& clock)
    : loop_(std::make_shared<Loop>(std::move(store), std::move(first), std::move(options), executor,
                                   clock)) {}
GroupCommit::~GroupCommit() = default;

void GroupCommit::Submit(Body body, Done done) { loop_->Submit(std::move(body), std::move(done)); }
void GroupCommit::Check(Done done) {
  loop_->Do([done = std::move(done)](LedgerStore& store, const model::NodeView& view) {
    const Status stored = store.Check();
    done(stored.ok() ? CheckView(view) : stored);
  });
}
void GroupCommit::CopyTo(const std::string& path, std::function<void(StatusOr<int64_t>)> done) {
  loop_->Do([path, done = std::move(done)](LedgerStore& store, const model::NodeView& view) {
    const Status copied = store.CopyTo(path);
    copied.ok() ? done(view.revision) : done(copied);
  });
}
std::shared_ptr<const model::NodeView> GroupCommit::View() const { return loop_->View(); }
void GroupCommit::SetListener(Listener listener) { loop_->SetListener(std::move(listener)); }

}  // namespace berth
