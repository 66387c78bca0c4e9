// SPDX-License-Identifier: Apache-2.0
#include "agent/ledger/fence.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/base/probe.h"
#include "core/base/reasons.h"

namespace berth {

Status CheckFence(const model::NodeView& view, int64_t control_epoch) {
  if (control_epoch == 0 || control_epoch >= view.control_epoch) return OkStatus();
  BERTH_PROBE("an old control plane is fenced off");
  return MakeError(StatusCode::kFailedPrecondition,
                   fmt::format("control_epoch {} is fenced off: {} has been seen already",
                               control_epoch, view.control_epoch),
                   {.reason = reasons::kStaleEpoch,
                    .metadata = {{"highest_epoch", std::to_string(view.control_epoch)}}});
}

}  // namespace berth
