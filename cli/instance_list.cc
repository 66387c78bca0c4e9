// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <memory>

#include "cli/commands.h"
#include "cli/failure.h"
#include "cli/instance_watch.h"
#include "cli/instances.h"
#include "cli/json_output.h"
#include "cli/report.h"
#include "cli/show.h"
#include "cli/wire_text.h"

namespace berth::cli {
namespace {

namespace v1 = berth::v1;

struct Args {
  std::vector<std::string> states;
  std::string tenant;
  bool watch = false;
  std::string resume_token;
};

// "running", "SHUTTING_DOWN" and "shutting-down" are all understood.
StatusOr<v1::InstanceState> StateOf(const std::string& word) {
  std::string name = "INSTANCE_STATE_" + word;
  for (char& c : name)
    c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  v1::InstanceState state = v1::INSTANCE_STATE_UNSPECIFIED;
  if (v1::InstanceState_Parse(name, &state) && state != v1::INSTANCE_STATE_UNSPECIFIED)
    return state;
  return BadUsage(fmt::format(
      "--state {}: it is one of pending, running, stopping, stopped, shutting-down, terminated",
      word));
}

ExitCode Watch(const Context& context, const Args& args) {
  if (!args.states.empty())
    return Fail(context, "list", BadUsage("--state: a watch shows every state"));
  return WatchInstances(context, {args.tenant, args.resume_token});
}

ExitCode List(Context& context, const Args& args) {
  if (args.watch) return Watch(context, args);
  if (!args.resume_token.empty())
    return Fail(context, "list", BadUsage("--resume-token: only with --watch"));
  v1::ListInstancesRequest filter;
  filter.set_tenant_id(args.tenant);
  for (const std::string& word : args.states) {
    const auto state = StateOf(word);
    if (!state.ok()) return Fail(context, "list", state.status());
    filter.add_states(*state);
  }
  Agent agent(context);
  const auto all = ListAllInstances(agent, filter);
  if (!all.ok()) return Fail(context, "list", all.status());
  if (context.json()) {
    context.out << ToJson(*all);
  } else if (all->instances().empty()) {
    context.err << "No instances.\n";
  } else {
    context.out << RenderInstances(all->instances(), TableOptions(context));
  }
  return ExitCode::kOk;
}

}  // namespace

void AddInstanceList(Command& instance) {
  auto args = std::make_shared<Args>();
  Command list = instance.Sub("list", "List instances, terminated ones for an hour");
  list.Options("--state", "STATE", &args->states, "Only those in this state; may be repeated");
  list.Option("--tenant", "ID", &args->tenant, "Only this tenant's");
  list.Flag("-w,--watch", &args->watch, "Show them, and then each change as it happens");
  list.Option("--resume-token", "TOKEN", &args->resume_token,
              "Go on after the message that carried it (-o json shows it)");
  list.Example(
      "Examples:\n  berthctl instance list --state running --state pending\n"
      "  berthctl instance list -o wide\n"
      "  berthctl instance list --watch\n"
      "  berthctl instance list -o json | jq -r '.instances[].instance_id'");
  list.Run([args](Context& context) { return List(context, *args); });
}

}  // namespace berth::cli
