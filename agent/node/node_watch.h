// SPDX-License-Identifier: Apache-2.0
// One reader that follows the node as a whole. It looks every kTogether whether anything is another
// than it was, which also tells changes that come together as one. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/base/status.h"

namespace berth {

namespace node {
struct NodeContext;
}

// What a watch of the node is told.
struct NodeNews {
  bool changed = false;  // Else it is a sign of life.
  int64_t revision = 0;
  std::string resume_token;
};

class NodeWatch : public std::enable_shared_from_this<NodeWatch> {
 public:
  static constexpr Duration kTogether = std::chrono::milliseconds(100);
  static constexpr Duration kBeatEvery = std::chrono::seconds(15);
  // Stands for all that is shown of the node and is not in the ledger; any thread, quick.
  using Fingerprint = std::function<std::string()>;

  // `seen`: the revision that the reader has; what else it has seen is taken to be as it is now.
  NodeWatch(std::shared_ptr<const node::NodeContext> context, int64_t seen, Fingerprint other);

  // `done` once, from an unspecified thread. One call at a time.
  void Next(std::function<void(NodeNews)> done);
  // As it is now.
  NodeNews Now() const;

 private:
  void Look(std::function<void(NodeNews)> done, SteadyTime since) EXCLUDES(mutex_);

  const std::shared_ptr<const node::NodeContext> context_;
  const Fingerprint other_;
  Mutex mutex_;
  int64_t seen_ GUARDED_BY(mutex_);
  std::string seen_other_ GUARDED_BY(mutex_);
};

}  // namespace berth
