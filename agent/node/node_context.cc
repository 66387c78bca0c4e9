// SPDX-License-Identifier: Apache-2.0
#include "agent/node/node_context.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/base/ids.h"
#include "core/base/reasons.h"

namespace berth::node {

void NodeContext::CountRefusal(const Status& status) const {
  if (!with.observer.refused) return;
  const std::string reason = ReasonOf(status);
  with.observer.refused(reason.empty() ? std::string(CodeName(status.code())) : reason);
}

Status InstanceNotFound(const std::string& id) {
  return MakeError(
      StatusCode::kNotFound,
      fmt::format("there is no instance {}; terminated ones are shown for a while only", id),
      {.reason = reasons::kInstanceNotFound, .metadata = {{"instance_id", id}}});
}

Status CheckInstanceId(const std::string& id) {
  if (IsInstanceId(id)) return OkStatus();
  return InvalidField("instance_id", "give \"i-\" and 17 lower-case hexadecimal digits");
}

}  // namespace berth::node
