// SPDX-License-Identifier: Apache-2.0
// Why a request does not fit, and what would.
#pragma once

#include "scheduler/host.h"
#include "scheduler/placement.h"
#include "scheduler/request.h"

namespace berth::placement {

// `request` does not fit `host`. `overhead` as for Place; may be null.
Refusal Refuse(const Host& host, const Request& request, const OverheadOf& overhead);

}  // namespace berth::placement
