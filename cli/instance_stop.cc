// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "cli/commands.h"
#include "cli/failure.h"
#include "cli/report.h"
#include "cli/verb.h"

namespace berth::cli {
namespace {

struct StopArgs {
  VerbArgs verb;
  bool force = false;
  std::string grace;
};

ExitCode Stop(Context& context, const StopArgs& args) {
  if (args.force && !args.grace.empty())
    return Fail(context, "stop", BadUsage("--force and --grace exclude each other"));
  const auto grace = GraceOf(args.grace);
  if (!grace.ok()) return Fail(context, "stop", grace.status());
  return RunVerb(context, "stop", args.verb,
                 [&](Agent& agent, const std::string& id, const std::string& request_id) {
                   auto request = VerbRequest<berth::v1::StopInstanceRequest>(
                       id, request_id, args.verb.call, *grace);
                   request.set_force(args.force);
                   return agent.Call(&InstanceStub::StopInstance, request);
                 });
}

}  // namespace

void AddInstanceStop(Command& instance) {
  auto args = std::make_shared<StopArgs>();
  Command stop = instance.Sub("stop", "Stop running instances; disks are kept");
  stop.Option("--grace", "TIME", &args->grace,
              "How long the guest may take to shut down before its power is cut (90s)");
  stop.Flag("-f,--force", &args->force, "Cut the power at once");
  AddVerbOptions(stop, &args->verb);
  stop.Example(
      "Examples:\n"
      "  berthctl instance stop web-1 --grace 30s --wait\n"
      "  berthctl instance stop --force i-0123456789abcdef0");
  stop.Run([args](Context& context) { return Stop(context, *args); });
}

}  // namespace berth::cli
