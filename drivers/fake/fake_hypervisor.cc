// SPDX-License-Identifier: Apache-2.0
#include "drivers/fake/fake_hypervisor.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/ids.h"
#include "core/base/reasons.h"

namespace berth {
namespace {

Status Away() {
  return MakeError(StatusCode::kUnavailable, reasons::kHypervisorUnavailable,
                   "the fake daemon is away");
}
Status Overdue(const char* call) {
  return MakeError(StatusCode::kDeadlineExceeded, reasons::kHypervisorTimeout,
                   fmt::format("{}: no answer; whether it took effect is not known", call));
}
Status Stuck(const std::string& id) {
  return MakeError(StatusCode::kUnavailable, reasons::kGuestStuck,
                   fmt::format("guest {}: an earlier call has not come back", id));
}

bool IsPaused(const FakeHost& host, const std::string& id) {
  const StatusOr<GuestState> guest = host.Inspect(id);
  return guest.ok() && guest->power == Power::kPaused;
}

// What a real guest's console would show; nothing if the directory is not there.
void WriteConsole(const FakeHost& host, const std::string& id) {
  const std::map<std::string, FakeGuest> guests = host.Guests();
  const auto found = guests.find(id);
  if (found == guests.end() || found->second.spec.console_log.empty()) return;
  std::ofstream console(found->second.spec.console_log, std::ios::app);
  console << fmt::format("fake guest {} is up, boot {}\n", id, found->second.boots);
}

}  // namespace

// Shared with the tasks on the executor, which do nothing once it is closed.
class FakeHypervisor::State : public std::enable_shared_from_this<State> {
 public:
  State(FakeHost& fake_host, Executor& fake_executor, FakeHypervisorOptions fake_options)
      : host(fake_host), executor(fake_executor), options(std::move(fake_options)) {}

  FakeHost& host;
  Executor& executor;
  const FakeHypervisorOptions options;

  void Submit(const char* call, const std::string& id, std::function<Status()> effect, Done done);
  void Subscribe(std::function<void(const GuestEvent&)> sink, std::function<void()> connected);
  void Arrived(const FakeHost::Happened& happened);
  void SetDaemonUp(bool up);
  void Inject(FakeFault fault);
  void SetWeather(FakeWeather weather);
  void LoseEvents(int count);
  void DoubleEvents(int count);
  HypervisorHealth Health() const;
  void Close();

 private:
  Duration Delay() REQUIRES(mutex_) { return options.delay + luck_.Delay(); }
  bool IsUp() const EXCLUDES(mutex_);
  void End(const char* call, const std::string& id, const std::function<Status()>& effect,
           const FakeFate& fate, const Done& done);
  void AnswerAtDeadline(const char* call, const std::string& id, const Done& done);
  void Announce();
  void Tell(const GuestEvent& event);

  mutable Mutex mutex_;
  FakeLuck luck_ GUARDED_BY(mutex_){options.weather, options.random};
  std::set<std::string> stuck_ GUARDED_BY(mutex_);
  bool up_ GUARDED_BY(mutex_) = true;
  bool closed_ GUARDED_BY(mutex_) = false;
  std::function<void(const GuestEvent&)> sink_ GUARDED_BY(mutex_);
  std::function<void()> connected_ GUARDED_BY(mutex_);
};

void FakeHypervisor::State::Submit(const char* call, const std::string& id,
                                   std::function<Status()> effect, Done done) {
  MutexLock lock(mutex_);
  if (!up_) return executor.Post([done = std::move(done)] { done(Away()); });
  const bool destroys = std::string_view(call) == "Destroy";
  if (stuck_.count(id) > 0 && !host.IsFrozen(id)) stuck_.erase(id);  // Its calls came back.
  if (stuck_.count(id) > 0 && !destroys)
    return executor.Post([done = std::move(done), id] { done(Stuck(id)); });
  FakeFate fate = luck_.OfCall(call, id);
  if (!destroys && host.IsFrozen(id)) fate = {FakeFate::Kind::kNoAnswer, OkStatus()};
  executor.PostAfter(Delay(),
                     [self = shared_from_this(), call, id, effect = std::move(effect), fate,
                      done = std::move(done)] { self->End(call, id, effect, fate, done); });
}

bool FakeHypervisor::State::IsUp() const {
  MutexLock lock(mutex_);
  return up_;
}

void FakeHypervisor::State::End(const char* call, const std::string& id,
                                const std::function<Status()>& effect, const FakeFate& fate,
                                const Done& done) {
  {
    MutexLock lock(mutex_);
    if (closed_) return;
  }
  if (!IsUp()) return done(Away());
  const Status outcome = fate.takes_effect() ? effect() : fate.status;
  if (!fate.answers()) return AnswerAtDeadline(call, id, done);
  done(fate.kind == FakeFate::Kind::kDoneButFailed ? fate.status : outcome);
}

// The guest is stuck from the deadline on for as long as its process does not answer.
void FakeHypervisor::State::AnswerAtDeadline(const char* call, const std::string& id,
                                             const Done& done) {
  executor.PostAfter(options.deadline, [self = shared_from_this(), call, id, done] {
    {
      MutexLock lock(self->mutex_);
      if (self->closed_) return;
      if (self->host.IsFrozen(id)) self->stuck_.insert(id);
    }
    done(Overdue(call));
  });
}

void FakeHypervisor::State::Subscribe(std::function<void(const GuestEvent&)> sink,
                                      std::function<void()> connected) {
  MutexLock lock(mutex_);
  sink_ = std::move(sink);
  connected_ = std::move(connected);
  if (up_) executor.Post([self = shared_from_this()] { self->Announce(); });
}

void FakeHypervisor::State::Announce() {
  std::function<void()> connected;
  {
    MutexLock lock(mutex_);
    if (!closed_ && up_) connected = connected_;
  }
  if (connected) connected();
}

void FakeHypervisor::State::Arrived(const FakeHost::Happened& happened) {
  if (happened.node_id != options.node_id) return;
  const GuestEvent& event = happened.event;
  MutexLock lock(mutex_);
  // Whatever ended the guest also ended the calls that hung on it.
  if (event.kind == GuestEvent::Kind::kOff) stuck_.erase(event.instance_id);
  if (closed_ || !up_) return;
  for (int times = luck_.TimesTold(); times > 0; --times)
    executor.PostAfter(Delay(), [self = shared_from_this(), event] { self->Tell(event); });
}

void FakeHypervisor::State::Tell(const GuestEvent& event) {
  std::function<void(const GuestEvent&)> sink;
  {
    MutexLock lock(mutex_);
    if (!closed_) sink = sink_;
  }
  if (sink) sink(event);
}

void FakeHypervisor::State::SetDaemonUp(bool up) {
  MutexLock lock(mutex_);
  if (up && !up_) executor.Post([self = shared_from_this()] { self->Announce(); });
  up_ = up;
}

void FakeHypervisor::State::Inject(FakeFault fault) {
  MutexLock lock(mutex_);
  luck_.Inject(std::move(fault));
}
void FakeHypervisor::State::SetWeather(FakeWeather weather) {
  MutexLock lock(mutex_);
  luck_.SetWeather(weather);
}
void FakeHypervisor::State::LoseEvents(int count) {
  MutexLock lock(mutex_);
  luck_.LoseEvents(count);
}
void FakeHypervisor::State::DoubleEvents(int count) {
  MutexLock lock(mutex_);
  luck_.DoubleEvents(count);
}
void FakeHypervisor::State::Close() {
  MutexLock lock(mutex_);
  closed_ = true;
}

HypervisorHealth FakeHypervisor::State::Health() const {
  MutexLock lock(mutex_);
  return {.connected = up_,
          .uri = "fake:///",
          .version = "fake 1.0.0",
          .cpu_models = options.cpu_models,
          .accel = options.accel,
          .accel_reason = "guests are only pretended",
          .error = up_ ? "" : "the fake daemon is away",
          .abandoned_calls = static_cast<int32_t>(stuck_.size()),
          .stuck_guests = {stuck_.begin(), stuck_.end()}};
}

FakeHypervisor::FakeHypervisor(FakeHost& host, Executor& executor, FakeHypervisorOptions options)
    : state_(std::make_shared<State>(host, executor, std::move(options))) {
  listener_ =
      host.Listen([weak = std::weak_ptr<State>(state_)](const FakeHost::Happened& happened) {
        if (const auto state = weak.lock()) state->Arrived(happened);
      });
}

FakeHypervisor::~FakeHypervisor() {
  state_->host.Unlisten(listener_);
  state_->Close();
}

// A call that changes a guest, which must be ours.
void FakeHypervisor::Submit(const char* call, const std::string& id, std::function<Status()> effect,
                            Done done) {
  auto checked = [state = state_.get(), id, effect = std::move(effect)]() -> Status {
    if (!IsInstanceId(id))
      return Status(StatusCode::kInvalidArgument, fmt::format("\"{}\" is no instance id", id));
    const StatusOr<GuestState> guest = state->host.Inspect(id);
    if (!guest.ok() || guest->node_id == state->options.node_id) return effect();
    return Status(StatusCode::kFailedPrecondition,
                  fmt::format("guest {} is not of this node; it is not touched", id));
  };
  state_->Submit(call, id, std::move(checked), std::move(done));
}

void FakeHypervisor::Define(const GuestSpec& spec, Done done) {
  Submit(
      "Define", spec.instance_id,
      [state = state_.get(), spec] { return state->host.Define(spec, state->options.accel); },
      std::move(done));
}
void FakeHypervisor::StartPaused(const std::string& id, Done done) {
  Submit(
      "StartPaused", id, [this_host = &state_->host, id] { return this_host->StartPaused(id); },
      std::move(done));
}
void FakeHypervisor::Resume(const std::string& id, Done done) {
  Submit(
      "Resume", id,
      [this_host = &state_->host, id, writes = state_->options.write_console] {
        const bool boots = writes && IsPaused(*this_host, id);
        Status status = this_host->Resume(id);
        if (boots && status.ok()) WriteConsole(*this_host, id);
        return status;
      },
      std::move(done));
}
void FakeHypervisor::AskShutdown(const std::string& id, Done done) {
  Submit(
      "AskShutdown", id, [this_host = &state_->host, id] { return this_host->AskShutdown(id); },
      std::move(done));
}
void FakeHypervisor::AskReboot(const std::string& id, Done done) {
  Submit(
      "AskReboot", id, [this_host = &state_->host, id] { return this_host->AskReboot(id); },
      std::move(done));
}
void FakeHypervisor::Reset(const std::string& id, Done done) {
  Submit(
      "Reset", id, [this_host = &state_->host, id] { return this_host->Reset(id); },
      std::move(done));
}
void FakeHypervisor::InjectNmi(const std::string& id, Done done) {
  Submit(
      "InjectNmi", id, [this_host = &state_->host, id] { return this_host->InjectNmi(id); },
      std::move(done));
}
void FakeHypervisor::Dump(const std::string& id, const std::string&, Done done) {
  Submit(
      "Dump", id, [this_host = &state_->host, id] { return this_host->Dump(id); }, std::move(done));
}
void FakeHypervisor::Destroy(const std::string& id, Done done) {
  Submit(
      "Destroy", id, [this_host = &state_->host, id] { return this_host->Destroy(id); },
      std::move(done));
}
void FakeHypervisor::Undefine(const std::string& id, Done done) {
  Submit(
      "Undefine", id, [this_host = &state_->host, id] { return this_host->Undefine(id); },
      std::move(done));
}

// Reads too go through faults and delays; what is read is what was true when they took effect.
void FakeHypervisor::Inspect(const std::string& id, DoneWith<GuestState> done) {
  auto seen = std::make_shared<GuestState>();
  const auto read = [this_host = &state_->host, id, seen]() -> Status {
    BERTH_ASSIGN_OR_RETURN(*seen, this_host->Inspect(id));
    return OkStatus();
  };
  state_->Submit("Inspect", id, read, [seen, done = std::move(done)](const Status& status) {
    if (!status.ok()) return done(status);
    done(*seen);
  });
}

void FakeHypervisor::List(DoneWith<std::vector<GuestState>> done) {
  auto seen = std::make_shared<std::vector<GuestState>>();
  const auto read = [this_host = &state_->host, seen] {
    *seen = this_host->List();
    return OkStatus();
  };
  state_->Submit("List", "", read, [seen, done = std::move(done)](const Status& status) {
    if (!status.ok()) return done(status);
    done(*seen);
  });
}

void FakeHypervisor::Subscribe(std::function<void(const GuestEvent&)> sink,
                               std::function<void()> connected) {
  state_->Subscribe(std::move(sink), std::move(connected));
}
HypervisorHealth FakeHypervisor::Health() const { return state_->Health(); }
void FakeHypervisor::Inject(FakeFault fault) { state_->Inject(std::move(fault)); }
void FakeHypervisor::SetWeather(FakeWeather weather) { state_->SetWeather(weather); }
void FakeHypervisor::LoseEvents(int count) { state_->LoseEvents(count); }
void FakeHypervisor::DoubleEvents(int count) { state_->DoubleEvents(count); }
void FakeHypervisor::SetDaemonUp(bool up) { state_->SetDaemonUp(up); }

}  // namespace berth
