// SPDX-License-Identifier: Apache-2.0
// What those who follow instances are told.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "agent/ledger/ledger_txn.h"
#include "core/model/instance_record.h"
#include "drivers/hypervisor.h"

namespace berth {

// Shared by all who watch.
struct WatchMessage {
  enum class Kind { kExisting, kCreated, kUpdated, kRemoved, kSynced, kHeartbeat };
  Kind kind = Kind::kHeartbeat;
  std::string id;                                       // Of the instance; "" for the last two.
  std::shared_ptr<const model::InstanceRecord> record;  // Null for kRemoved and the last two.
  int64_t revision = 0;
  std::string resume_token;  // "" before SYNCED.

  // Room for what the rim makes of it, so that it is made once however many watch.
  mutable std::once_flag rendered_once;
  mutable std::shared_ptr<const void> rendered;
};
using WatchMessagePtr = std::shared_ptr<const WatchMessage>;

namespace node {

WatchMessagePtr MessageOf(const InstanceChange& change, const HypervisorHealth& health,
                          const std::string& ledger_id);

}  // namespace node
}  // namespace berth
