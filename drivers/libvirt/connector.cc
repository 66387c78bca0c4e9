// SPDX-License-Identifier: Apache-2.0
#include "drivers/libvirt/connector.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "core/base/reasons.h"
#include "drivers/libvirt/versions.h"

namespace berth::libvirt {
namespace {

// Whatever kept us from connecting, callers are told that the hypervisor is away.
Status AsUnavailable(const Status& status) {
  return MakeError(StatusCode::kUnavailable, reasons::kHypervisorUnavailable,
                   std::string(status.message()));
}

}  // namespace

class Connector::State : public std::enable_shared_from_this<State> {
 public:
  State(ConnectorOptions options, std::shared_ptr<Calls> calls, Executor& executor, Log& log,
        Hooks hooks)
      : options_(std::move(options)),
        calls_(std::move(calls)),
        executor_(executor),
        log_(log),
        hooks_(std::move(hooks)),
        thread_(std::make_unique<ThreadPool>("lv-connect", 1)) {
    needed_.fill(true);
    health_.error = fmt::format("not connected to {} yet", options_.uri);
  }

  void Kick() EXCLUDES(mutex_);
  void Need(LaneId lane) EXCLUDES(mutex_);
  ConnectorHealth health() const EXCLUDES(mutex_);
  void Shutdown(Duration grace) EXCLUDES(mutex_);

 private:
  void Attempt();
  void RunAttempt();
  StatusOr<std::shared_ptr<Connection>> Open(LaneId lane);
  Status OpenOne(LaneId lane);
  bool Needs(LaneId lane) const EXCLUDES(mutex_);
  void Succeeded() EXCLUDES(mutex_);
  void Failed(const Status& status) EXCLUDES(mutex_);
  void Overdue(uint64_t attempt) EXCLUDES(mutex_);
  void Lost(LaneId lane, const std::weak_ptr<Connection>& connection) EXCLUDES(mutex_);
  void NoteDown(const Status& status) EXCLUDES(mutex_);

  const ConnectorOptions options_;
  const std::shared_ptr<Calls> calls_;
  Executor& executor_;
  Log& log_;
  const Hooks hooks_;

  mutable Mutex mutex_;
  CondVar idle_;
  std::array<bool, kLaneIds.size()> needed_ GUARDED_BY(mutex_) = {};
  std::unique_ptr<ThreadPool> thread_ GUARDED_BY(mutex_);
  bool attempting_ GUARDED_BY(mutex_) = false;
  bool events_renewed_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  bool grace_over_ GUARDED_BY(mutex_) = false;
  uint64_t attempt_ GUARDED_BY(mutex_) = 0;
  Duration pause_ GUARDED_BY(mutex_) = Duration(0);
  ConnectorHealth health_ GUARDED_BY(mutex_);
};

// Starts an attempt unless one is out already or nothing is missing.
void Connector::State::Kick() {
  MutexLock lock(mutex_);
  const bool missing = std::find(needed_.begin(), needed_.end(), true) != needed_.end();
  if (stopping_ || attempting_ || !missing) return;
  attempting_ = true;
  const uint64_t attempt = ++attempt_;
  thread_->Post([self = shared_from_this()] { self->Attempt(); });
  executor_.PostAfter(options_.deadline, [weak = weak_from_this(), attempt] {
    if (const auto self = weak.lock()) self->Overdue(attempt);
  });
}

void Connector::State::Need(LaneId lane) {
  {
    MutexLock lock(mutex_);
    needed_[static_cast<size_t>(lane)] = true;
  }
  Kick();
}

void Connector::State::Lost(LaneId lane, const std::weak_ptr<Connection>& connection) {
  MutexLock lock(mutex_);
  if (!stopping_) calls_->Lost(lane, connection);
}

bool Connector::State::Needs(LaneId lane) const {
  MutexLock lock(mutex_);
  return needed_[static_cast<size_t>(lane)] && !stopping_;
}

void Connector::State::Attempt() {
  RunAttempt();
  Duration pause;
  {
    MutexLock lock(mutex_);
    attempting_ = false;
    health_.attempt_stuck = false;
    idle_.NotifyAll();
    // Left behind by Shutdown: a thread cannot join itself, so its pool stays too.
    if (grace_over_) static_cast<void>(thread_.release());
    if (stopping_) return;
    pause = pause_;
  }
  // For what was lost while this attempt ran; after a failure, once the pause is over.
  executor_.PostAfter(pause, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->Kick();
  });
}

void Connector::State::RunAttempt() {
  for (const LaneId lane : kLaneIds) {
    if (!Needs(lane)) continue;
    const Status status = OpenOne(lane);
    if (!status.ok()) return Failed(status);
  }
  Succeeded();
}

StatusOr<std::shared_ptr<Connection>> Connector::State::Open(LaneId lane) {
  BERTH_ASSIGN_OR_RETURN(std::shared_ptr<Connection> connection, Connection::Open(options_.uri));
  BERTH_RETURN_IF_ERROR(
      connection->SetKeepAlive(options_.keepalive_interval_s, options_.keepalive_count));
  BERTH_RETURN_IF_ERROR(connection->OnClose([&executor = executor_, weak = weak_from_this(), lane,
                                             lost = std::weak_ptr<Connection>(connection)] {
    executor.Post([weak, lane, lost] {
      if (const auto self = weak.lock()) self->Lost(lane, lost);
    });
  }));
  BERTH_RETURN_IF_ERROR(hooks_.opened(ClassOf(lane), *connection));
  return connection;
}

Status Connector::State::OpenOne(LaneId lane) {
  BERTH_ASSIGN_OR_RETURN(const std::shared_ptr<Connection> connection, Open(lane));
  std::string version;
  std::shared_ptr<const std::vector<std::string>> cpu_models;
  if (lane == LaneId::kQueries) {
    version = Versions(*connection);
    cpu_models = CpuModelsOf(*connection);
  }
  MutexLock lock(mutex_);
  if (stopping_) return OkStatus();
  needed_[static_cast<size_t>(lane)] = false;
  if (lane == LaneId::kQueries) {
    events_renewed_ = true;
    health_.version = std::move(version);
    health_.cpu_models = std::move(cpu_models);
  }
  calls_->Connected(lane, connection);
  return OkStatus();
}

void Connector::State::Succeeded() {
  bool renewed;
  {
    MutexLock lock(mutex_);
    if (stopping_) return;
    pause_ = Duration(0);
    renewed = std::exchange(events_renewed_, false) || !health_.connected;
    health_.connected = true;
    health_.error.clear();
  }
  if (!renewed) return;
  log_.Info("connected to libvirt", {{"uri", options_.uri}});
  hooks_.connected();
}

void Connector::State::Failed(const Status& status) {
  {
    MutexLock lock(mutex_);
    if (stopping_) return;
    pause_ = std::clamp(pause_ * 2, options_.retry_first, options_.retry_max);
  }
  NoteDown(status);
}

void Connector::State::Overdue(uint64_t attempt) {
  {
    MutexLock lock(mutex_);
    if (stopping_ || !attempting_ || attempt != attempt_) return;
    health_.attempt_stuck = true;
  }
  NoteDown(Status(
      StatusCode::kUnavailable,
      fmt::format("connecting to {}: the daemon accepts but does not answer", options_.uri)));
}

// Publishes why there is no connection, tells Calls, and logs it once per cause.
void Connector::State::NoteDown(const Status& status) {
  MutexLock lock(mutex_);
  if (stopping_) return;
  const std::string why(status.message());
  if (health_.error != why || health_.connected)
    log_.Warning("no connection to libvirt", {{"uri", options_.uri}, {"error", why}});
  health_.connected = false;
  health_.error = why;
  for (const LaneId lane : kLaneIds)
    if (needed_[static_cast<size_t>(lane)]) calls_->Down(lane, AsUnavailable(status));
}

ConnectorHealth Connector::State::health() const {
  MutexLock lock(mutex_);
  return health_;
}

void Connector::State::Shutdown(Duration grace) {
  executor_.PostAfter(grace, [self = shared_from_this()] {
    MutexLock lock(self->mutex_);
    self->grace_over_ = true;
    self->idle_.NotifyAll();
  });
  std::unique_ptr<ThreadPool> thread;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    while (attempting_ && !grace_over_) idle_.Wait(mutex_);
    if (attempting_) return;
    thread = std::move(thread_);
  }
}

Connector::Connector(ConnectorOptions options, std::shared_ptr<Calls> calls, Executor& executor,
                     Log& log, Hooks hooks)
    : state_(std::make_shared<State>(std::move(options), calls, executor, log, std::move(hooks))) {
  calls->OnLost([weak = std::weak_ptr<State>(state_)](LaneId lane) {
    if (const auto state = weak.lock()) state->Need(lane);
  });
}
Connector::~Connector() = default;
void Connector::Start() { state_->Kick(); }
ConnectorHealth Connector::health() const { return state_->health(); }
void Connector::Shutdown(Duration grace) { state_->Shutdown(grace); }

}  // namespace berth::libvirt
