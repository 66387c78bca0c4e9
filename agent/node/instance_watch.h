// SPDX-License-Identifier: Apache-2.0
// One reader that follows instances: every one that exists, then SYNCED, then each change in order,
// none left out and none twice; or, with the token of an earlier message, the changes after that
// one, also if the agent was restarted meanwhile.
//
// The reader pulls, so that a slow one costs memory only for what it has not taken yet, and beyond
// kBehindMax changes it is cut off. Thread-safe.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "agent/node/watch_message.h"
#include "core/base/mutex.h"
#include "core/base/status.h"
#include "core/model/node_view.h"

namespace berth {

struct WatchArgs {
  std::string resume_token;            // "" = from the beginning.
  std::set<std::string> instance_ids;  // Empty = all.
  std::string tenant_id;               // "" = all.
};

namespace node {
struct NodeContext;
class WatchHub;
}  // namespace node

class InstanceWatch : public std::enable_shared_from_this<InstanceWatch> {
 public:
  static constexpr size_t kBehindMax = 10000;
  using Messages = std::vector<WatchMessagePtr>;
  // The next messages, at least one and at most 100; or what the watch ends with: OUT_OF_RANGE
  // STALE_RESUME_TOKEN, ABORTED SLOW_READER, or what the ledger answers.
  using Done = std::function<void(StatusOr<Messages>)>;

  ~InstanceWatch();
  // `done` once, from an unspecified thread, when there is something. One call at a time.
  void Next(Done done) EXCLUDES(mutex_);

 private:
  friend class node::WatchHub;
  InstanceWatch(std::shared_ptr<const node::NodeContext> context, WatchArgs args, int64_t after);

  void Begin(const std::shared_ptr<const model::NodeView>& view) EXCLUDES(mutex_);
  void Push(const Messages& messages) EXCLUDES(mutex_);
  // A sign of life for one who waits, and has seen all up to `revision`.
  void Beat(const WatchMessagePtr& heartbeat) EXCLUDES(mutex_);
  bool Wants(const WatchMessage& message) const;
  bool WantsRecord(const model::InstanceRecord& record) const;
  // What is there now; empty: nothing. May begin to read from the ledger.
  Messages Take() REQUIRES(mutex_);
  void ReadKept() REQUIRES(mutex_);
  void KeptRead(StatusOr<KeptChanges> kept) EXCLUDES(mutex_);
  void Answer(Done done, StatusOr<Messages> messages) const;

  const std::shared_ptr<const node::NodeContext> context_;
  const WatchArgs args_;
  Mutex mutex_;
  Done waiting_ GUARDED_BY(mutex_);
  std::deque<WatchMessagePtr> first_ GUARDED_BY(mutex_);  // What exists, and SYNCED.
  // Changes after `after_` and up to `from_` are read from the ledger, later ones are pushed.
  int64_t after_ GUARDED_BY(mutex_);
  int64_t from_ GUARDED_BY(mutex_) = 0;
  bool resuming_ GUARDED_BY(mutex_) = false;
  std::deque<WatchMessagePtr> pushed_ GUARDED_BY(mutex_);
  bool too_slow_ GUARDED_BY(mutex_) = false;
};

using InstanceWatchPtr = std::shared_ptr<InstanceWatch>;

}  // namespace berth
