// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "cli/agent.h"
#include "cli/commands.h"
#include "cli/failure.h"
#include "cli/operation_text.h"
#include "cli/report.h"
#include "cli/verb.h"
#include "cli/wait.h"
#include "core/base/ids.h"

namespace berth::cli {
namespace {

namespace v1 = berth::v1;

struct Args {
  std::string id;
  CallArgs call;
};

// An operation that came to its end before it could be cancelled is no failure of the command, but
// its caller has to be told.
ExitCode Cancel(Context& context, const Args& args) {
  const auto limit = TimeOf("--wait-timeout", args.call.wait_timeout);
  if (!limit.ok()) return Fail(context, "operation cancel", limit.status());
  Agent agent(context);
  v1::CancelOperationRequest request;
  request.set_operation_id(args.id);
  request.set_control_epoch(args.call.control_epoch);
  request.set_request_id(args.call.request_id.empty() ? NewUuid(context.random)
                                                      : args.call.request_id);
  auto operation = agent.Call(&OperationStub::CancelOperation, request);
  if (operation.ok() && args.call.wait && !operation->done())
    operation = WaitForOperation(agent, context, {args.id, args.id}, *limit);
  if (!operation.ok())
    return Fail(context, "operation cancel", operation.status(),
                {.request_id = request.request_id()});
  ShowOperations(context, {*operation});
  if (operation->done() && operation->state() != v1::Operation::STATE_CANCELLED && !context.json())
    context.err << "It had ended before.\n";
  return ExitCode::kOk;
}

}  // namespace

void AddOperationCancel(Command& operation) {
  auto args = std::make_shared<Args>();
  Command cancel =
      operation.Sub("cancel", "End a create, start or resize that is under way, and take it back");
  cancel.Positional("ID", &args->id, "An operation id (op-...)");
  AddCallOptions(cancel, &args->call);
  cancel.Example("Example:\n  berthctl operation cancel op-0123456789abcdef0 --wait");
  cancel.Run([args](Context& context) { return Cancel(context, *args); });
}

}  // namespace berth::cli
