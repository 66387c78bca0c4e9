// SPDX-License-Identifier: Apache-2.0
#include "agent/node/watch_message.h"

#include "agent/node/reachability.h"
#include "agent/node/resume_token.h"

namespace berth::node {

WatchMessagePtr MessageOf(const InstanceChange& change, const HypervisorHealth& health,
                          const std::string& ledger_id) {
  auto message = std::make_shared<WatchMessage>();
  message->kind = change.record == nullptr ? WatchMessage::Kind::kRemoved
                  : change.created         ? WatchMessage::Kind::kCreated
                                           : WatchMessage::Kind::kUpdated;
  message->id = change.id;
  if (change.record != nullptr) message->record = WithReachability(change.record, health);
  message->revision = change.revision;
  message->resume_token = ResumeToken(ledger_id, change.revision);
  return message;
}

}  // namespace berth::node
