// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "cli/commands.h"
#include "cli/report.h"
#include "cli/verb.h"

namespace berth::cli {
namespace {

struct TerminateArgs {
  VerbArgs verb;
  std::string grace;
};

ExitCode Terminate(Context& context, const TerminateArgs& args) {
  const auto grace = GraceOf(args.grace);
  if (!grace.ok()) return Fail(context, "terminate", grace.status());
  return RunVerb(context, "terminate", args.verb,
                 [&](Agent& agent, const std::string& id, const std::string& request_id) {
                   const auto request = VerbRequest<berth::v1::TerminateInstanceRequest>(
                       id, request_id, args.verb.call, *grace);
                   return agent.Call(&InstanceStub::TerminateInstance, request);
                 });
}

}  // namespace

void AddInstanceTerminate(Command& instance) {
  auto args = std::make_shared<TerminateArgs>();
  Command terminate = instance.Sub("terminate", "End instances: guest, disk, seed and logs go");
  terminate.Option("--grace", "TIME", &args->grace,
                   "First ask the guest to shut down, and give it this long");
  AddVerbOptions(terminate, &args->verb);
  terminate.Example("Example:\n  berthctl instance terminate web-1 web-2 --wait");
  terminate.Run([args](Context& context) { return Terminate(context, *args); });
}

}  // namespace berth::cli
