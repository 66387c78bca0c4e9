// SPDX-License-Identifier: Apache-2.0
// Sizes and times as people write and read them. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/status.h"

namespace berth::cli {

// "512M", "2Gi", "1.5GiB", "1T": MiB. M, G and T mean powers of 1024, as everywhere in Berth, with
// or without i and B. INVALID_ARGUMENT: no unit, not a whole number of MiB, zero, or beyond 64 TiB.
StatusOr<int64_t> ParseMib(std::string_view text);

// "60s", "1.5m", "250ms", "1h". INVALID_ARGUMENT: no unit, negative, or beyond 24 h.
StatusOr<Duration> ParseDuration(std::string_view text);

// "512 MiB", "1.5 GiB", "16 TiB"; at most one digit after the point, rounded down.
std::string HumanMib(int64_t mib);
// "0 B", "512 KiB", "1.5 GiB"; likewise.
std::string HumanBytes(int64_t bytes);

// "12s", "5m", "3h12m", "4d"; what lies in the future counts as "0s".
std::string HumanAge(Duration age);

}  // namespace berth::cli
