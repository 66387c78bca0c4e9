// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "cli/agent.h"
#include "cli/commands.h"
#include "cli/json_output.h"
#include "cli/operation_text.h"
#include "cli/report.h"

namespace berth::cli {
namespace {

ExitCode Get(Context& context, const std::string& id) {
  Agent agent(context);
  berth::v1::GetOperationRequest request;
  request.set_operation_id(id);
  const auto operation = agent.Call(&OperationStub::GetOperation, request);
  if (!operation.ok()) return Fail(context, "operation get", operation.status());
  context.out << (context.json()
                      ? ToJson(*operation)
                      : RenderOperation(*operation, context.colour_out(), context.clock.WallNow()));
  return ExitCode::kOk;
}

}  // namespace

void AddOperationGet(Command& operation) {
  auto id = std::make_shared<std::string>();
  Command get = operation.Sub("get", "Show an operation, for 24 hours after its end");
  get.Positional("ID", id.get(), "An operation id (op-...)");
  get.Example("Example:\n  berthctl operation get op-0123456789abcdef0");
  get.Run([id](Context& context) { return Get(context, *id); });
}

}  // namespace berth::cli
