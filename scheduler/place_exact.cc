// SPDX-License-Identifier: Apache-2.0
#include "scheduler/place_exact.h"

#include <optional>
#include <utility>

#include "scheduler/refuse.h"
#include "scheduler/solve.h"

namespace berth::placement {

Answer Place(const Host& host, const Request& request, const OverheadOf& overhead) {
  if (std::optional<Placement> placement = Solve(host, request)) return std::move(*placement);
  return Refuse(host, request, overhead);
}

bool Fits(const Host& host, const Request& request) { return Solve(host, request).has_value(); }

int64_t Headroom(const Host& host, const Request& request, int64_t most) {
  Host filled = host;
  for (int64_t count = 0; count < most; ++count) {
    const std::optional<Placement> placement = Solve(filled, request);
    if (!placement) return count;
    // A slash is in no claim's id, so this is none that the host has.
    filled.Add(ToClaim(*placement, request, "headroom/" + std::to_string(count)));
  }
  return most;
}

}  // namespace berth::placement
