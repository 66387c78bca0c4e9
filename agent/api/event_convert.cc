// SPDX-License-Identifier: Apache-2.0
#include "agent/api/event_convert.h"

#include <fmt/format.h>

#include "agent/api/time_convert.h"

namespace berth::api {
namespace {

v1::Event FromEvent(const model::Event& event) {
  v1::Event out;
  out.set_event_id(fmt::format("ev-{:017}", event.number));
  *out.mutable_event_time() = ToTimestamp(event.time);
  out.set_revision(event.revision);
  out.set_type(event.type);
  out.set_subject(event.subject);
  out.set_message(event.message);
  for (const auto& [key, value] : event.attributes) (*out.mutable_attributes())[key] = value;
  out.set_principal(event.principal);
  out.set_request_id(event.request_id);
  out.set_operation_id(event.operation_id);
  return out;
}

}  // namespace

ListEventsArgs ToListEvents(const v1::ListEventsRequest& request, RequestFaults& faults) {
  ListEventsArgs args;
  args.page_size = request.page_size();
  args.page_token = request.page_token();
  args.instance_id = request.instance_id();
  args.after_revision = request.after_revision();
  if (!request.has_start_time()) return args;
  if (const auto since = ToWallTime(request.start_time()))
    args.since = *since;
  else
    faults.Invalid("start_time", "not a time between the years 1 and 9999");
  return args;
}

v1::ListEventsResponse FromEvents(const ListEventsResult& page) {
  v1::ListEventsResponse out;
  for (const model::Event& event : page.events) *out.add_events() = FromEvent(event);
  out.set_next_page_token(page.next_page_token);
  out.set_revision(page.revision);
  return out;
}

}  // namespace berth::api
