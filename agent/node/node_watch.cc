// SPDX-License-Identifier: Apache-2.0
#include "agent/node/node_watch.h"

#include <utility>

#include "agent/node/node_context.h"
#include "agent/node/resume_token.h"

namespace berth {

NodeWatch::NodeWatch(node::ContextPtr context, int64_t seen, Fingerprint other)
    : context_(std::move(context)), other_(std::move(other)), seen_(seen), seen_other_(other_()) {}

NodeNews NodeWatch::Now() const {
  const auto view = context_->with.ledger.View();
  return {true, view->revision, node::ResumeToken(view->identity.ledger_id, view->revision)};
}

void NodeWatch::Next(std::function<void(NodeNews)> done) {
  Look(std::move(done), context_->with.clock.Now());
}

void NodeWatch::Look(std::function<void(NodeNews)> done, SteadyTime since) {
  NodeNews news = Now();
  std::string other = other_();
  {
    MutexLock lock(mutex_);
    news.changed = news.revision != seen_ || other != seen_other_;
    seen_ = news.revision;
    seen_other_ = std::move(other);
  }
  if (news.changed || context_->with.clock.Now() - since >= kBeatEvery) return done(news);
  context_->with.executor.PostAfter(
      kTogether, [weak = weak_from_this(), done = std::move(done), since]() mutable {
        if (const auto self = weak.lock()) self->Look(std::move(done), since);
      });
}

}  // namespace berth
