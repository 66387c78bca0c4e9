// SPDX-License-Identifier: Apache-2.0
// Why a request does not fit, and what would.
#pragma once

#include "scheduler/host.h"
#include "scheduler/placement.h"
#include "scheduler/request.h"

namespace berth::placement {

// `request` does not fit `host`.
Refusal Refuse(const Host& host, const Request& request);

}  // namespace berth::placement
