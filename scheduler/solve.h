// SPDX-License-Identifier: Apache-2.0
// The search behind Place, without the words for a refusal.
#pragma once

#include <optional>
#include <vector>

#include "scheduler/host.h"
#include "scheduler/node_offer.h"
#include "scheduler/placement.h"
#include "scheduler/request.h"

namespace berth::placement {

std::optional<Placement> Solve(const Host& host, const Request& request);

// What each node that the request may use could do for it, in the order of the host's nodes.
std::vector<NodeOffer> OffersFor(const Host& host, const Request& request);

// The guest's cells with the vCPUs and memory they would have: one of all for kAuto. Empty: it does
// not divide into as many as asked.
std::vector<GuestCell> CellsOf(const Request& request);
CellNeed NeedOf(const GuestCell& cell, bool first);

}  // namespace berth::placement
