// SPDX-License-Identifier: Apache-2.0
// Keeps an old control plane from changing what a newer one has taken over. Pure.
#pragma once

#include <cstdint>

#include "core/base/status.h"
#include "core/model/node_view.h"

namespace berth {

// FAILED_PRECONDITION STALE_EPOCH for an epoch lower than the highest seen; 0 claims none.
Status CheckFence(const model::NodeView& view, int64_t control_epoch);

}  // namespace berth
