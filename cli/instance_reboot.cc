// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "cli/commands.h"
#include "cli/failure.h"
#include "cli/report.h"
#include "cli/verb.h"

namespace berth::cli {
namespace {

struct RebootArgs {
  VerbArgs verb;
  bool hard = false;
  std::string grace;
};

ExitCode Reboot(Context& context, const RebootArgs& args) {
  if (args.hard && !args.grace.empty())
    return Fail(context, "reboot", BadUsage("--hard and --grace exclude each other"));
  const auto grace = GraceOf(args.grace);
  if (!grace.ok()) return Fail(context, "reboot", grace.status());
  return RunVerb(context, "reboot", args.verb,
                 [&](Agent& agent, const std::string& id, const std::string& request_id) {
                   auto request = VerbRequest<berth::v1::RebootInstanceRequest>(
                       id, request_id, args.verb.call, *grace);
                   request.set_hard(args.hard);
                   return agent.Call(&InstanceStub::RebootInstance, request);
                 });
}

}  // namespace

void AddInstanceReboot(Command& instance) {
  auto args = std::make_shared<RebootArgs>();
  Command reboot = instance.Sub("reboot", "Reboot running instances, which stay RUNNING");
  reboot.Option("--grace", "TIME", &args->grace,
                "How long the guest may take to go down before it is reset (120s)");
  reboot.Flag("--hard", &args->hard, "Reset at once, without asking the guest");
  AddVerbOptions(reboot, &args->verb);
  reboot.Example("Example:\n  berthctl instance reboot web-1 --wait");
  reboot.Run([args](Context& context) { return Reboot(context, *args); });
}

}  // namespace berth::cli
