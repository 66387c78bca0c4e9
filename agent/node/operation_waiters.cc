// SPDX-License-Identifier: Apache-2.0
#include "agent/node/operation_waiters.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth::node {

Status OperationNotFound(const std::string& id) {
  return MakeError(StatusCode::kNotFound, fmt::format("there is no operation {}, or no longer", id),
                   {.reason = reasons::kOperationNotFound, .metadata = {{"operation_id", id}}});
}

void OperationWaiters::Wait(const std::string& id, Duration timeout,
                            NodeAgent::DoneWith<OperationPtr> done) {
  uint64_t number = 0;
  {
    MutexLock lock(mutex_);
    number = next_number_++;
    waiters_.emplace(number, Waiter{id, std::move(done)});
  }
  // Registered first, looked at second: an end published in between is seen by one of the two.
  const auto view = context_->with.ledger.View();
  const OperationPtr operation = view->operations.Find(id);
  if (timeout <= Duration(0) || operation == nullptr || operation->final()) return TimedOut(number);
  context_->with.executor.PostAfter(std::min(timeout, kTimeoutMax),
                                    [weak = weak_from_this(), number] {
                                      if (const auto self = weak.lock()) self->TimedOut(number);
                                    });
}

void OperationWaiters::ViewPublished(const model::NodeView& view) {
  std::vector<std::pair<Waiter, OperationPtr>> over;
  {
    MutexLock lock(mutex_);
    for (auto it = waiters_.begin(); it != waiters_.end();) {
      OperationPtr operation = view.operations.Find(it->second.operation_id);
      const bool waits_on = operation != nullptr && !operation->final();
      if (!waits_on) over.emplace_back(std::move(it->second), std::move(operation));
      it = waits_on ? std::next(it) : waiters_.erase(it);
    }
  }
  for (auto& [waiter, operation] : over) Answer(std::move(waiter), std::move(operation));
}

void OperationWaiters::Answer(Waiter waiter, OperationPtr operation) const {
  if (operation == nullptr)
    return context_->Answer<OperationPtr>(std::move(waiter.done),
                                          OperationNotFound(waiter.operation_id));
  context_->Answer<OperationPtr>(std::move(waiter.done), std::move(operation));
}

// Answers with the operation as it is now, unless somebody was quicker.
void OperationWaiters::TimedOut(uint64_t number) {
  Waiter waiter;
  {
    MutexLock lock(mutex_);
    const auto it = waiters_.find(number);
    if (it == waiters_.end()) return;
    waiter = std::move(it->second);
    waiters_.erase(it);
  }
  OperationPtr operation = context_->with.ledger.View()->operations.Find(waiter.operation_id);
  Answer(std::move(waiter), std::move(operation));
}

}  // namespace berth::node
