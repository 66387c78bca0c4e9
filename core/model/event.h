// SPDX-License-Identifier: Apache-2.0
// What happened, as an operator reads it; one entry of the node's log. Events are written in the
// transaction of the change that they tell of (agent/ledger/change_events.h).
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/base/clock.h"

namespace berth::model {

struct Event {
  int64_t number = 0;    // Ascending; the ledger sets it.
  WallTime time{};       // Of its transaction; the ledger sets it.
  int64_t revision = 0;  // The ledger's, after its transaction; the ledger sets it.
  std::string type;      // "InstanceStateChanged"; proto/berth/v1/event.proto has them all.
  std::string subject;   // The id of what it is about; "node".
  std::string message;   // One sentence.
  std::map<std::string, std::string> attributes;
  std::string principal;   // Who asked; "": nobody.
  std::string request_id;  // Of the call, if it carried one.
  std::string operation_id;
  bool operator==(const Event&) const = default;
};

}  // namespace berth::model
