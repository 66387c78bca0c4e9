// SPDX-License-Identifier: Apache-2.0
#include "agent/health/health_monitor.h"

#include <utility>

#include "core/base/mutex.h"

namespace berth {

// Shared with its own tasks, so that those of a monitor that is gone find it and do nothing.
class HealthMonitor::Watcher : public std::enable_shared_from_this<Watcher> {
 public:
  Watcher(Dependencies dependencies, HealthSources sources, HealthListeners listeners,
          Duration interval)
      : dependencies_(dependencies),
        sources_(std::move(sources)),
        listeners_(std::move(listeners)),
        interval_(interval),
        strand_(dependencies.executor),
        report_(std::make_shared<const HealthReport>()) {}

  void Tick() {
    LookSoon();
    dependencies_.executor.PostAfter(interval_, [weak = weak_from_this()] {
      if (auto self = weak.lock()) self->TickUnlessStopped();
    });
  }

  void LookSoon() {
    strand_.Post([weak = weak_from_this()] {
      if (auto self = weak.lock()) self->Look();
    });
  }

  void Stop() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    stopped_ = true;
  }

  std::shared_ptr<const HealthReport> report() const { return report_.Get(); }

 private:
  void TickUnlessStopped() EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      if (stopped_) return;
    }
    Tick();
  }

  // Under the lock throughout, so that Stop waits for the end of a look.
  void Look() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (stopped_) return;
    dependencies_.heartbeats.Beat();
    AskSpace();
    const auto before = report_.Get();
    auto report = std::make_shared<const HealthReport>(
        Evaluate(Inputs(), *before, dependencies_.clock.WallNow()));
    report_.Set(report);
    if (listeners_.changed && !SameStatements(*before, *report)) listeners_.changed(*report);
    if (listeners_.looked) listeners_.looked(dependencies_.heartbeats.AllAlive());
  }

  HealthInputs Inputs() REQUIRES(mutex_) {
    return {.hypervisor = sources_.hypervisor(),
            .ledger = sources_.ledger(),
            .recovery_done = sources_.recovery_done(),
            .recovery = sources_.recovery(),
            .storage = storage_error_,
            .adopted = sources_.adopted ? sources_.adopted() : 0,
            .over_committed =
                sources_.over_committed ? sources_.over_committed() : std::vector<std::string>(),
            .space = space_};
  }

  void AskSpace() REQUIRES(mutex_) {
    if (std::exchange(space_asked_, true)) return;
    dependencies_.storage_executor.Post([weak = weak_from_this()] {
      if (auto self = weak.lock()) self->TakeSpace(self->sources_.space());
    });
  }

  void TakeSpace(const StatusOr<FileSystemSpace>& space) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    space_asked_ = false;
    storage_error_ = model::ErrorOf(space.status());
    space_ = space.ok() ? std::optional(*space) : std::nullopt;
    if (!std::exchange(space_answered_, true)) LookSoon();
  }

  const Dependencies dependencies_;
  const HealthSources sources_;
  const HealthListeners listeners_;
  const Duration interval_;
  Strand strand_;
  Published<HealthReport> report_;
  Mutex mutex_;
  bool stopped_ GUARDED_BY(mutex_) = false;
  bool space_asked_ GUARDED_BY(mutex_) = false;     // And not yet answered.
  bool space_answered_ GUARDED_BY(mutex_) = false;  // Ever.
  model::Error storage_error_ GUARDED_BY(mutex_);
  std::optional<FileSystemSpace> space_ GUARDED_BY(mutex_);
};

HealthMonitor::HealthMonitor(Dependencies dependencies, HealthSources sources,
                             HealthListeners listeners, Duration interval)
    : watcher_(std::make_shared<Watcher>(dependencies, std::move(sources), std::move(listeners),
                                         interval)) {}

HealthMonitor::~HealthMonitor() { Stop(); }

void HealthMonitor::Start() { watcher_->Tick(); }
void HealthMonitor::LookSoon() { watcher_->LookSoon(); }
void HealthMonitor::Stop() { watcher_->Stop(); }
std::shared_ptr<const HealthReport> HealthMonitor::report() const { return watcher_->report(); }

}  // namespace berth
