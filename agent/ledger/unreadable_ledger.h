// SPDX-License-Identifier: Apache-2.0
// In the place of a ledger whose file cannot be read: shows a picture of the instances that
// somebody else draws (agent/recovery, from the guests), and takes no change. So the agent can say
// what runs, and how to have a ledger again.
//
// Thread-safe.
#pragma once

#include <memory>
#include <utility>

#include "agent/ledger/ledger.h"
#include "core/base/executor.h"

namespace berth {

class UnreadableLedger final : public Ledger {
 public:
  // `picture` is a ledger in memory. Everything else is answered with `why`. All outlive this.
  UnreadableLedger(Ledger& picture, Status why, Executor& executor)
      : picture_(picture), why_(std::move(why)), executor_(executor) {}

  void Submit(Body, Done done) override { Refuse(std::move(done)); }
  void Check(Done done) override { Refuse(std::move(done)); }
  void CopyTo(const std::string&, std::function<void(StatusOr<int64_t>)> done) override {
    Refuse(std::move(done));
  }
  std::shared_ptr<const model::NodeView> View() const override { return picture_.View(); }
  void SetListener(Listener listener) override { picture_.SetListener(std::move(listener)); }

 private:
  template <typename Answer>
  void Refuse(Answer done) {
    executor_.Post([why = why_, done = std::move(done)] { done(why); });
  }

  Ledger& picture_;
  const Status why_;
  Executor& executor_;
};

}  // namespace berth
