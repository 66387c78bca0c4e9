// SPDX-License-Identifier: Apache-2.0
// What every mutating call tells the node besides its wish. Pure function, thread-safe.
#pragma once

#include "agent/api/call.h"
#include "agent/api/request_check.h"
#include "agent/node/node_agent.h"

namespace berth::api {

// `request` is a mutating one without faults, with an etag and validate_only or without.
template <typename Request>
CallContext ContextOf(const Call& call, const Request& request) {
  CallContext context{.principal = call.caller().principal,
                      .method = call.method().name,
                      .request_id = request.request_id(),
                      .message = CanonicalBytes(request),
                      .control_epoch = request.control_epoch(),
                      .etag = ""};
  if constexpr (requires { request.etag(); }) context.etag = request.etag();
  if constexpr (requires { request.validate_only(); })
    context.validate_only = request.validate_only();
  return context;
}

}  // namespace berth::api
