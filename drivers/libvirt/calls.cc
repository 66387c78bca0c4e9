// SPDX-License-Identifier: Apache-2.0
#include "drivers/libvirt/calls.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/reasons.h"
#include "drivers/libvirt/call_lane.h"
#include "drivers/libvirt/guest_gate.h"

namespace berth::libvirt {
namespace {

using CallPtr = std::shared_ptr<Call>;

Status Unavailable(std::string_view reason, const std::string& message) {
  return MakeError(StatusCode::kUnavailable, reason, message);
}

size_t IndexOf(LaneId lane) { return static_cast<size_t>(lane); }

}  // namespace

std::string_view NameOf(CallClass call_class) {
  switch (call_class) {
    case CallClass::kQuery:
      return "query";
    case CallClass::kLifecycle:
      return "lifecycle";
    case CallClass::kDump:
      return "dump";
    case CallClass::kDestroy:
      return "destroy";
  }
  return "";
}

CallClass ClassOf(LaneId lane) {
  switch (lane) {
    case LaneId::kQueries:
      return CallClass::kQuery;
    case LaneId::kLifecycle:
    case LaneId::kMoreLifecycle:
      return CallClass::kLifecycle;
    case LaneId::kDestroys:
    case LaneId::kMoreDestroys:
      return CallClass::kDestroy;
    case LaneId::kDumps:
      return CallClass::kDump;
  }
  return CallClass::kQuery;
}

// Shared with the threads of calls, so that one that comes back after everything is gone still
// finds where to report.
class Calls::State : public std::enable_shared_from_this<State> {
 public:
  State(OptionsByClass options, Executor& executor) : executor_(executor) {
    for (const LaneId id : kLaneIds) {
      lanes_[IndexOf(id)].id = id;
      lanes_[IndexOf(id)].options = options[static_cast<size_t>(ClassOf(id))];
    }
  }

  void OnLost(std::function<void(LaneId)> lost) EXCLUDES(mutex_);
  void Submit(Call call) EXCLUDES(mutex_);
  void Connected(LaneId id, std::shared_ptr<Connection> connection) EXCLUDES(mutex_);
  void Down(LaneId id, const Status& why) EXCLUDES(mutex_);
  void Lost(LaneId id, const std::weak_ptr<Connection>& connection) EXCLUDES(mutex_);
  int abandoned() const EXCLUDES(mutex_);
  std::vector<std::string> stuck_guests() const EXCLUDES(mutex_);
  void Shutdown(Duration grace) EXCLUDES(mutex_);

 private:
  struct Running {
    CallPtr call;
    LaneId lane = LaneId::kQueries;
    std::weak_ptr<Connection> connection;
    std::unique_ptr<ThreadPool> thread;
    bool abandoned = false;
    bool answered = false;  // libvirt gave the thread back; it may still close its connection.
  };

  CallLane& LaneFor(const Call& call) REQUIRES(mutex_);
  void Fail(const CallPtr& call, const Status& status);
  void Enqueue(const CallPtr& call) REQUIRES(mutex_);
  std::optional<Status> WhyNot(const CallLane& lane) const REQUIRES(mutex_);
  void FailWaiting(CallLane& lane, const Status& why) REQUIRES(mutex_);
  void Advance(const std::string& guest) REQUIRES(mutex_);
  void Dispatch(CallLane& lane) REQUIRES(mutex_);
  void RunOnThread(uint64_t id, LaneId lane, const Call& call,
                   std::shared_ptr<Connection> connection);
  void Expire(uint64_t id) EXCLUDES(mutex_);
  void Abandon(Running& running) REQUIRES(mutex_);
  bool Answered(uint64_t id) EXCLUDES(mutex_);
  void FreeThread(uint64_t id) EXCLUDES(mutex_);
  void Retire(LaneId id, const std::weak_ptr<Connection>& connection) REQUIRES(mutex_);
  void AnswerEverything() REQUIRES(mutex_);
  void CloseOnThread(CallLane& lane) REQUIRES(mutex_);

  Executor& executor_;

  mutable Mutex mutex_;
  std::function<void(LaneId)> lost_ GUARDED_BY(mutex_) = [](LaneId) {};
  CondVar came_back_;
  std::array<CallLane, kLaneIds.size()> lanes_ GUARDED_BY(mutex_);
  GuestGate guests_ GUARDED_BY(mutex_);
  std::map<uint64_t, Running> running_ GUARDED_BY(mutex_);
  uint64_t next_id_ GUARDED_BY(mutex_) = 0;
  bool stopping_ GUARDED_BY(mutex_) = false;
  bool grace_over_ GUARDED_BY(mutex_) = false;
};

// Posted, so that it runs neither under the lock nor inside Submit.
void Calls::State::Fail(const CallPtr& call, const Status& status) {
  executor_.Post([call, status] { call->fail(status); });
}

// Of the lanes of its class the one that gets to it first.
CallLane& Calls::State::LaneFor(const Call& call) {
  CallLane* best = nullptr;
  for (CallLane& lane : lanes_)
    if (ClassOf(lane.id) == call.call_class && (best == nullptr || lane.Burden() < best->Burden()))
      best = &lane;
  BERTH_CHECK(best != nullptr, "a class of calls has no lane");
  return *best;
}

std::optional<Status> Calls::State::WhyNot(const CallLane& lane) const {
  if (stopping_) return Unavailable(reasons::kHypervisorUnavailable, "the agent is shutting down");
  return lane.WhyNot();
}

void Calls::State::OnLost(std::function<void(LaneId)> lost) {
  MutexLock lock(mutex_);
  lost_ = std::move(lost);
}

void Calls::State::Submit(Call submitted) {
  auto call = std::make_shared<Call>(std::move(submitted));
  MutexLock lock(mutex_);
  if (const auto why = WhyNot(LaneFor(*call))) return Fail(call, Annotate(*why, call->doing));
  switch (guests_.Enter(call)) {
    case GuestGate::Verdict::kGo:
      return Enqueue(call);
    case GuestGate::Verdict::kWait:
      return;
    case GuestGate::Verdict::kStuck:
      return Fail(call,
                  Unavailable(reasons::kGuestStuck,
                              fmt::format("{}: an earlier call for this guest has not come back",
                                          call->doing)));
    case GuestGate::Verdict::kFull:
      return Fail(call,
                  Unavailable(reasons::kOverloaded, fmt::format("{}: {} calls wait for this guest",
                                                                call->doing, kWaitingPerGuest)));
  }
}

// The call holds its guest already; it is handed to its class, or fails and lets the next one try.
void Calls::State::Enqueue(const CallPtr& call) {
  CallLane& lane = LaneFor(*call);
  if (const auto why = WhyNot(lane)) {
    Fail(call, Annotate(*why, call->doing));
    guests_.Leave(*call);
    return Advance(call->guest);
  }
  lane.waiting.push_back(call);
  Dispatch(lane);
}

void Calls::State::Advance(const std::string& guest) {
  if (const CallPtr next = guests_.Next(guest)) Enqueue(next);
}

void Calls::State::FailWaiting(CallLane& lane, const Status& why) {
  std::deque<CallPtr> waiting = std::exchange(lane.waiting, {});
  for (const CallPtr& call : waiting) {
    Fail(call, Annotate(why, call->doing));
    guests_.Leave(*call);
  }
  for (const CallPtr& call : waiting) Advance(call->guest);
}

void Calls::State::Dispatch(CallLane& lane) {
  while (const CallPtr call = lane.TakeNext()) {
    ++lane.in_flight;
    const uint64_t id = next_id_++;
    Running& running = running_[id];
    running = {call, lane.id, lane.connection, lane.TakeThread()};
    running.thread->Post([self = shared_from_this(), id, lane = lane.id, call,
                          connection = lane.connection]() mutable {
      self->RunOnThread(id, lane, *call, std::move(connection));
    });
    executor_.PostAfter(lane.options.deadline, [weak = weak_from_this(), id] {
      if (const auto self = weak.lock()) self->Expire(id);
    });
  }
}

void Calls::State::RunOnThread(uint64_t id, LaneId lane, const Call& call,
                               std::shared_ptr<Connection> connection) {
  const Task deliver = call.run(*connection);
  if (!connection->IsAlive()) Lost(lane, connection);
  const bool wanted = Answered(id);
  // Of a retired connection this may be the last: then this thread closes it. Hence before the
  // thread is free for another call, and after Expire can no longer be the one to let go last.
  connection.reset();
  if (wanted) deliver();
  FreeThread(id);
}

// False if the call was abandoned, so that its outcome is not wanted any more.
bool Calls::State::Answered(uint64_t id) {
  MutexLock lock(mutex_);
  Running& running = running_.at(id);
  running.answered = true;
  if (running.abandoned) {
    guests_.ComeBack(*running.call);
  } else {
    guests_.Leave(*running.call);
  }
  if (stopping_) return false;
  Advance(running.call->guest);
  return !running.abandoned;
}

void Calls::State::FreeThread(uint64_t id) {
  MutexLock lock(mutex_);
  const auto found = running_.find(id);
  BERTH_CHECK(found != running_.end(), "a thread was freed twice");
  Running running = std::move(found->second);
  running_.erase(found);
  came_back_.NotifyAll();
  if (grace_over_) {
    // Left behind by Shutdown: a thread cannot join itself, so its pool stays too.
    static_cast<void>(running.thread.release());
    return;
  }
  CallLane& lane = lanes_[IndexOf(running.lane)];
  lane.idle_threads.push_back(std::move(running.thread));
  --(running.abandoned ? lane.abandoned : lane.in_flight);
  if (!stopping_) Dispatch(lane);
}

void Calls::State::Expire(uint64_t id) {
  MutexLock lock(mutex_);
  const auto found = running_.find(id);
  if (found == running_.end() || found->second.answered || stopping_) return;
  Abandon(found->second);
}

void Calls::State::Abandon(Running& running) {
  const CallPtr call = running.call;
  CallLane& lane = lanes_[IndexOf(running.lane)];
  running.abandoned = true;
  --lane.in_flight;
  ++lane.abandoned;
  Fail(call,
       MakeError(StatusCode::kDeadlineExceeded, reasons::kHypervisorTimeout,
                 fmt::format("{}: libvirt did not answer within {} ms; whether it took effect "
                             "is not known",
                             call->doing, lane.options.deadline.count())));
  for (const CallPtr& refused : guests_.Abandon(*call))
    Fail(refused, Unavailable(reasons::kGuestStuck,
                              fmt::format("{}: an earlier call for this guest has not come back",
                                          refused->doing)));
  Retire(running.lane, running.connection);
  if (const auto why = WhyNot(lane)) FailWaiting(lane, *why);
  Advance(call->guest);
}

void Calls::State::Retire(LaneId id, const std::weak_ptr<Connection>& connection) {
  CallLane& lane = lanes_[IndexOf(id)];
  if (!lane.Uses(connection)) return;
  lane.connection.reset();
  lane.link = CallLane::Link::kConnecting;
  executor_.Post([lost = lost_, id] { lost(id); });
}

void Calls::State::Connected(LaneId id, std::shared_ptr<Connection> connection) {
  MutexLock lock(mutex_);
  if (stopping_) return;
  CallLane& lane = lanes_[IndexOf(id)];
  lane.connection.swap(connection);
  lane.link = CallLane::Link::kUp;
  Dispatch(lane);
}

void Calls::State::Down(LaneId id, const Status& why) {
  MutexLock lock(mutex_);
  CallLane& lane = lanes_[IndexOf(id)];
  if (stopping_ || lane.link == CallLane::Link::kUp) return;
  lane.link = CallLane::Link::kDown;
  lane.why_down = why;
  FailWaiting(lane, why);
}

void Calls::State::Lost(LaneId id, const std::weak_ptr<Connection>& connection) {
  MutexLock lock(mutex_);
  if (!stopping_) Retire(id, connection);
}

int Calls::State::abandoned() const {
  MutexLock lock(mutex_);
  int sum = 0;
  for (const CallLane& lane : lanes_) sum += lane.abandoned;
  return sum;
}

std::vector<std::string> Calls::State::stuck_guests() const {
  MutexLock lock(mutex_);
  return guests_.stuck();
}

void Calls::State::AnswerEverything() {
  const Status why = Unavailable(reasons::kHypervisorUnavailable, "the agent is shutting down");
  for (const CallPtr& call : guests_.TakeWaiting()) Fail(call, why);
  for (CallLane& lane : lanes_) FailWaiting(lane, why);
  for (auto& [id, running] : running_)
    if (!running.abandoned && !running.answered) Fail(running.call, why);
}

// Closing talks to the daemon, so it is one more call that may not come back.
void Calls::State::CloseOnThread(CallLane& lane) {
  if (lane.connection == nullptr) return;
  auto call = std::make_shared<Call>();
  call->call_class = ClassOf(lane.id);
  call->run = [](Connection&) -> Task { return [] {}; };
  const uint64_t id = next_id_++;
  Running& running = running_[id];
  running = {call, lane.id, {}, lane.TakeThread()};
  ++lane.in_flight;
  running.thread->Post(
      [self = shared_from_this(), id, connection = std::move(lane.connection)]() mutable {
        connection.reset();
        self->FreeThread(id);
      });
}

void Calls::State::Shutdown(Duration grace) {
  executor_.PostAfter(grace, [self = shared_from_this()] {
    MutexLock lock(self->mutex_);
    self->grace_over_ = true;
    self->came_back_.NotifyAll();
  });
  std::vector<std::unique_ptr<ThreadPool>> threads;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    AnswerEverything();
    for (CallLane& lane : lanes_) CloseOnThread(lane);
    while (!running_.empty() && !grace_over_) came_back_.Wait(mutex_);
    grace_over_ = true;
    for (CallLane& lane : lanes_)
      for (auto& thread : lane.idle_threads) threads.push_back(std::move(thread));
  }
  threads.clear();  // Joins.
}

Calls::Calls(OptionsByClass options, Executor& executor)
    : state_(std::make_shared<State>(options, executor)) {}
Calls::~Calls() = default;
void Calls::OnLost(std::function<void(LaneId)> lost) { state_->OnLost(std::move(lost)); }

void Calls::Submit(Call call) { state_->Submit(std::move(call)); }
void Calls::Connected(LaneId lane, std::shared_ptr<Connection> connection) {
  state_->Connected(lane, std::move(connection));
}
void Calls::Down(LaneId lane, const Status& why) { state_->Down(lane, why); }
void Calls::Lost(LaneId lane, const std::weak_ptr<Connection>& connection) {
  state_->Lost(lane, connection);
}
int Calls::abandoned() const { return state_->abandoned(); }
std::vector<std::string> Calls::stuck_guests() const { return state_->stuck_guests(); }
void Calls::Shutdown(Duration grace) { state_->Shutdown(grace); }

}  // namespace berth::libvirt
