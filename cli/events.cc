// SPDX-License-Identifier: Apache-2.0
#include <google/protobuf/util/time_util.h>

#include <memory>

#include "cli/agent.h"
#include "cli/all_pages.h"
#include "cli/commands.h"
#include "cli/instances.h"
#include "cli/json_output.h"
#include "cli/report.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "cli/wire_text.h"

namespace berth::cli {
namespace {

namespace v1 = berth::v1;
using google::protobuf::util::TimeUtil;

struct Args {
  std::string instance;
  std::string since;
};

StatusOr<v1::ListEventsRequest> MakeRequest(Agent& agent, const Context& context,
                                            const Args& args) {
  v1::ListEventsRequest request;
  if (!args.since.empty()) {
    BERTH_ASSIGN_OR_RETURN(const Duration ago, TimeOf("--since", args.since));
    *request.mutable_start_time() = TimeUtil::MillisecondsToTimestamp(
        (context.clock.WallNow() - ago).time_since_epoch().count());
  }
  if (args.instance.empty()) return request;
  BERTH_ASSIGN_OR_RETURN(const auto ids, ResolveIds(agent, {args.instance}));
  request.set_instance_id(ids.front());
  return request;
}

Tone ToneOf(const v1::Event& event) {
  for (const char* bad : {"OperationFailed", "GuestLost", "DiskMissing"})
    if (event.type() == bad) return Tone::kBad;
  if (event.type() == "OperationUndoing" || event.type() == "OperationCancelled")
    return Tone::kCaution;
  return Tone::kPlain;
}

std::string Render(const v1::ListEventsResponse& all, bool colour) {
  Table table({"TIME", "SUBJECT", "TYPE", "MESSAGE", "BY"});
  for (const v1::Event& event : all.events())
    table.Add({TimeText(event.event_time()),
               event.subject(),
               {event.type(), ToneOf(event)},
               event.message(),
               event.principal()});
  return table.Render(colour);
}

ExitCode Events(Context& context, const Args& args) {
  Agent agent(context);
  const auto request = MakeRequest(agent, context, args);
  if (!request.ok()) return Fail(context, "events", request.status());
  const auto all = AllPages(agent, &InstanceStub::ListEvents, *request);
  if (!all.ok()) return Fail(context, "events", all.status());
  if (context.json())
    context.out << ToJson(*all);
  else if (all->events().empty())
    context.err << "No events.\n";
  else
    context.out << Render(*all, context.colour_out());
  return ExitCode::kOk;
}

}  // namespace

void AddEvents(Command& top) {
  auto args = std::make_shared<Args>();
  Command events =
      top.Sub("events", "What happened: an hour of the node, the whole life of an instance");
  events.Option("-i,--instance", "ID", &args->instance, "Only what is about it, by id or name");
  events.Option("--since", "TIME", &args->since, "Only what happened in the last 10m, 1h, ...");
  events.Example(
      "Examples:\n  berthctl events --since 10m\n"
      "  berthctl events --instance web-1 -o json | jq -r '.events[].type'");
  events.Run([args](Context& context) { return Events(context, *args); });
}

}  // namespace berth::cli
