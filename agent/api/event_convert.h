// SPDX-License-Identifier: Apache-2.0
// Events of the log on the wire. Pure functions, thread-safe.
#pragma once

#include "agent/api/request_faults.h"
#include "agent/node/node_agent.h"
#include "berth/v1/instance_service.pb.h"

namespace berth::api {

ListEventsArgs ToListEvents(const v1::ListEventsRequest& request, RequestFaults& faults);
v1::ListEventsResponse FromEvents(const ListEventsResult& page);

}  // namespace berth::api
