// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "cli/commands.h"
#include "cli/json_output.h"
#include "cli/operation_text.h"
#include "cli/report.h"
#include "cli/verb.h"
#include "cli/wait.h"

namespace berth::cli {
namespace {

struct Args {
  std::string id;
  std::string wait_timeout = "5m";
};

ExitCode Wait(Context& context, const Args& args) {
  const auto limit = TimeOf("--wait-timeout", args.wait_timeout);
  if (!limit.ok()) return Fail(context, "operation wait", limit.status());
  Agent agent(context);
  const auto operation = WaitForOperation(agent, context, {args.id, args.id}, *limit);
  if (!operation.ok()) return Fail(context, "operation wait", operation.status());
  context.out << (context.json()
                      ? ToJson(*operation)
                      : RenderOperation(*operation, context.colour_out(), context.clock.WallNow()));
  const Status outcome = OutcomeOf(*operation);
  return outcome.ok() ? ExitCode::kOk : Fail(context, "operation wait", outcome);
}

}  // namespace

void AddOperationWait(Command& operation) {
  auto args = std::make_shared<Args>();
  Command wait = operation.Sub("wait", "Wait for an operation's end; fails if it did");
  wait.Positional("ID", &args->id, "An operation id (op-...)");
  wait.Option("--wait-timeout", "TIME", &args->wait_timeout, "How long to wait (5m)");
  wait.Example("Example:\n  berthctl operation wait op-0123456789abcdef0 --wait-timeout 10m");
  wait.Run([args](Context& context) { return Wait(context, *args); });
}

}  // namespace berth::cli
