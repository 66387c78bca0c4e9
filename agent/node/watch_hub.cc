// SPDX-License-Identifier: Apache-2.0
#include "agent/node/watch_hub.h"

#include <algorithm>
#include <utility>

#include "agent/node/resume_token.h"

namespace berth::node {
StatusOr<InstanceWatchPtr> WatchHub::Watch(WatchArgs args) {
  const auto& ledger = context_->with.ledger;
  int64_t after = -1;
  if (!args.resume_token.empty()) {
    const auto view = ledger.View();
    BERTH_ASSIGN_OR_RETURN(after,
                           RevisionOf(args.resume_token, view->identity.ledger_id, view->revision));
    if (after == 0) after = -1;  // Nothing existed then: all that exists now is news.
  }
  const InstanceWatchPtr watch(new InstanceWatch(context_, std::move(args), after));
  bool start_beating = false;
  {
    MutexLock lock(mutex_);
    watches_.push_back(watch);
    start_beating = !std::exchange(beating_, true);
  }
  if (start_beating) BeatLater();
  // Registered first, looked at second: what is published in between is pushed, and dropped where
  // this view has it already.
  watch->Begin(ledger.View());
  return watch;
}

void WatchHub::Published(const model::NodeView& view, const std::vector<InstanceChange>& changes) {
  const std::vector<InstanceWatchPtr> watches = Watches();
  if (!watches.empty() && !changes.empty()) {
    const HypervisorHealth health = context_->with.hypervisor.Health();
    InstanceWatch::Messages messages;
    for (const InstanceChange& change : changes)
      messages.push_back(MessageOf(change, health, view.identity.ledger_id));
    for (const InstanceWatchPtr& watch : watches) watch->Push(messages);
  }
  MutexLock lock(mutex_);
  published_ = view.revision;
}

// Those that somebody still reads.
std::vector<InstanceWatchPtr> WatchHub::Watches() {
  std::vector<InstanceWatchPtr> alive;
  MutexLock lock(mutex_);
  std::erase_if(watches_, [&](const std::weak_ptr<InstanceWatch>& weak) {
    if (InstanceWatchPtr watch = weak.lock()) alive.push_back(std::move(watch));
    return weak.expired();
  });
  return alive;
}

void WatchHub::BeatLater() {
  context_->with.executor.PostAfter(kBeatEvery, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->Beat();
  });
}

void WatchHub::Beat() {
  const std::vector<InstanceWatchPtr> watches = Watches();
  auto heartbeat = std::make_shared<WatchMessage>();
  {
    MutexLock lock(mutex_);
    beating_ = !watches.empty();
    if (!beating_) return;
    heartbeat->revision = published_;
  }
  BeatLater();
  heartbeat->resume_token =
      ResumeToken(context_->with.ledger.View()->identity.ledger_id, heartbeat->revision);
  for (const InstanceWatchPtr& watch : watches) watch->Beat(heartbeat);
}

}  // namespace berth::node
