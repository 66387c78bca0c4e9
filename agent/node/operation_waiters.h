// SPDX-License-Identifier: Apache-2.0
// Callers that wait for an operation to end. Fed by the ledger's publications: an operation is over
// for them when a published view says so, never earlier.
//
// Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "agent/node/node_context.h"
#include "core/base/mutex.h"

namespace berth::node {

using OperationPtr = std::shared_ptr<const model::Operation>;

Status OperationNotFound(const std::string& id);

class OperationWaiters : public std::enable_shared_from_this<OperationWaiters> {
 public:
  static constexpr Duration kTimeoutMax = std::chrono::minutes(10);

  explicit OperationWaiters(ContextPtr context) : context_(std::move(context)) {}

  // `done` once: with the operation when it is final, or as it is after `timeout`.
  void Wait(const std::string& id, Duration timeout, NodeAgent::DoneWith<OperationPtr> done)
      EXCLUDES(mutex_);
  void ViewPublished(const model::NodeView& view) EXCLUDES(mutex_);

 private:
  struct Waiter {
    std::string operation_id;
    NodeAgent::DoneWith<OperationPtr> done;
  };
  // Null: there is no such operation.
  void Answer(Waiter waiter, OperationPtr operation) const;
  void TimedOut(uint64_t number) EXCLUDES(mutex_);

  const ContextPtr context_;
  Mutex mutex_;
  uint64_t next_number_ GUARDED_BY(mutex_) = 0;
  std::map<uint64_t, Waiter> waiters_ GUARDED_BY(mutex_);
};

}  // namespace berth::node
