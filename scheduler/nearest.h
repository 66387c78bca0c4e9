// SPDX-License-Identifier: Apache-2.0
// The nearest shapes that would fit: for each dimension by itself, all else unchanged.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "scheduler/host.h"
#include "scheduler/placement.h"
#include "scheduler/request.h"

namespace berth::placement {

// As Refusal::nearest (placement.h). `overhead` may be null: then it stays as it is.
std::map<std::string, int64_t> NearestFit(const Host& host, const Request& request,
                                          const OverheadOf& overhead);

}  // namespace berth::placement
