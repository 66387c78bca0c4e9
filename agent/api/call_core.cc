// SPDX-License-Identifier: Apache-2.0
#include "agent/api/call_core.h"

#include <utility>

#include "agent/api/call_room.h"
#include "agent/api/error_convert.h"
#include "agent/api/text.h"
#include "core/base/error.h"

namespace berth::api {

CallCore::CallCore(const Method& method, CallRoom& room, CallGate::Ticket ticket, Caller caller)
    : method_(method),
      room_(room),
      ticket_(std::move(ticket)),
      caller_(std::move(caller)),
      began_(room.clock().Now()) {}

CallCore::~CallCore() = default;

WallTime CallCore::WallNow() const { return room_.clock().WallNow(); }

void CallCore::SetNames(std::string request_id, std::string target) {
  names_.request_id = std::move(request_id);
  names_.target = std::move(target);
}

void CallCore::Report(const Status& status) const {
  const auto took =
      std::chrono::duration_cast<std::chrono::nanoseconds>(room_.clock().Now() - began_);
  if (room_.observer().call_ended) room_.observer().call_ended(method_.name, status.code(), took);
  const std::string words(status.message().data(), status.message().size());
  if (IsFaultOfOurs(status.code()))
    room_.log().Error("a call failed by a fault of the agent",
                      {{"method", method_.name}, {"error", Truncated(words, 4096)}});
  if (method_.mutating)
    room_.log().Info("audit", {{"principal", caller_.principal},
                               {"method", method_.name},
                               {"request_id", names_.request_id},
                               {"target", names_.target},
                               {"code", std::string(CodeName(status.code()))},
                               {"reason", ReasonOf(status)}});
}

}  // namespace berth::api
