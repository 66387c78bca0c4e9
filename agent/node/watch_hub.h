// SPDX-License-Identifier: Apache-2.0
// All watches of a node, and what they are told. Thread-safe.
#pragma once

#include <memory>
#include <vector>

#include "agent/node/instance_watch.h"
#include "agent/node/node_context.h"
#include "core/base/mutex.h"

namespace berth::node {

class WatchHub : public std::enable_shared_from_this<WatchHub> {
 public:
  // A quiet watch is told so often that it lives, and how far it has come.
  static constexpr Duration kBeatEvery = std::chrono::seconds(15);

  explicit WatchHub(ContextPtr context)
      : context_(std::move(context)), published_(context_->with.ledger.View()->revision) {}

  // As NodeAgent::WatchInstances.
  StatusOr<InstanceWatchPtr> Watch(WatchArgs args) EXCLUDES(mutex_);
  // On the ledger's executor, with each publication.
  void Published(const model::NodeView& view, const std::vector<InstanceChange>& changes)
      EXCLUDES(mutex_);

 private:
  std::vector<InstanceWatchPtr> Watches() EXCLUDES(mutex_);
  void BeatLater();
  void Beat() EXCLUDES(mutex_);

  const ContextPtr context_;
  Mutex mutex_;
  std::vector<std::weak_ptr<InstanceWatch>> watches_ GUARDED_BY(mutex_);
  int64_t published_ GUARDED_BY(mutex_);  // All up to this was pushed.
  bool beating_ GUARDED_BY(mutex_) = false;
};

}  // namespace berth::node
