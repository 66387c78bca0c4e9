// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/follower.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth::sim {
namespace {

std::string Describe(int64_t revision, const std::string& id) {
  return fmt::format("{} of {}", revision, id);
}

// "": there is none. By revision, ascending.
template <typename Changes>
std::string FirstAfter(int64_t revision, const Changes& changes) {
  const auto next = std::upper_bound(
      changes.begin(), changes.end(), revision,
      [](int64_t one, const InstanceChange& change) { return one < change.revision; });
  return next == changes.end() ? "" : Describe(next->revision, next->id);
}

}  // namespace

void Follower::Begin() {
  ++agent_;
  auto watch = world_.node().WatchInstances({.resume_token = token_});
  if (!watch.ok()) {
    fault_ = "a token is refused: " + watch.status().ToString();
    return;
  }
  Read(*watch, agent_);
}

void Follower::Read(const InstanceWatchPtr& watch, int64_t agent) {
  watch->Next([this, watch, agent](const StatusOr<InstanceWatch::Messages>& messages) {
    if (agent != agent_) return;
    if (ReasonOf(messages.status()) == reasons::kStaleResumeToken) {
      // Nothing was kept so long; it begins anew.
      token_.clear();
      told_ = -1;
      return Begin();
    }
    // What the ledger cannot read now (its disk is full, say) is asked for again.
    if (!messages.ok()) return Begin();
    for (const WatchMessagePtr& message : *messages) Take(*message);
    Read(watch, agent);
  });
}

void Follower::Take(const WatchMessage& message) {
  using Kind = WatchMessage::Kind;
  if (!message.resume_token.empty()) token_ = message.resume_token;
  if (message.kind == Kind::kExisting) return;
  if (message.kind == Kind::kSynced || message.kind == Kind::kHeartbeat) {
    told_ = std::max(told_, message.revision);
    return;
  }
  const std::string next = NextChange();
  const std::string told = Describe(message.revision, message.id);
  if (told != next)
    fault_ = fmt::format("a watch that had come to revision {} was told of {} next, not of {}",
                         told_, told, next);
  told_ = message.revision;
}

// The checker never forgets one, and the ledger has those of this very step.
std::string Follower::NextChange() const {
  std::string next = FirstAfter(told_, checker_.changes());
  if (next.empty()) next = FirstAfter(told_, world_.file.instance_changes());
  return next.empty() ? "nothing" : next;
}

std::string Follower::AtRest() const {
  if (!fault_.empty()) return fault_;
  const auto& changes = checker_.changes();
  if (changes.empty() || told_ >= changes.back().revision) return "";
  return fmt::format("a watch has come to revision {}, and there is {}", told_,
                     changes.back().revision);
}

}  // namespace berth::sim
