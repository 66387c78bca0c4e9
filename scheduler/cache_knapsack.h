// SPDX-License-Identifier: Apache-2.0
// How many vCPUs to take from each cache of a node. Part of thread_stock.h.
#pragma once

#include <vector>

#include "scheduler/request.h"
#include "scheduler/thread_stock.h"

namespace berth::placement {

// The cheapest shares; need.most_charged is not looked at. Among equals the lowest caches are
// filled.
CacheShares ShareOverCaches(const std::vector<CacheStock>& caches, SmtPolicy policy,
                            ThreadNeed need);

// The cheapest that charge no more than need.most_charged. Slower.
CacheShares ShareFrugally(const std::vector<CacheStock>& caches, SmtPolicy policy, ThreadNeed need);

}  // namespace berth::placement
