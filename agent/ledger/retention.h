// SPDX-License-Identifier: Apache-2.0
// How long the ledger keeps what it no longer needs itself; promised in
// proto/berth/v1/common.proto.
#pragma once

#include <chrono>
#include <cstdint>

namespace berth {

// Request ids after the end of their instance, or after the call where it had none.
inline constexpr std::chrono::hours kRequestsKept{24};
// Changes: those among the last so many and not older than this. The newest is always kept, since
// it tells the revision.
inline constexpr int64_t kChangesKept = 100000;
inline constexpr std::chrono::hours kChangesKeptFor{1};

// Of one instance's own events, which stay with its record, the last so many.
inline constexpr int64_t kEventsPerInstance = 500;

}  // namespace berth
