// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cctype>
#include <memory>

#include "cli/agent.h"
#include "cli/all_pages.h"
#include "cli/commands.h"
#include "cli/failure.h"
#include "cli/instances.h"
#include "cli/json_output.h"
#include "cli/operation_text.h"
#include "cli/report.h"

namespace berth::cli {
namespace {

namespace v1 = berth::v1;

struct Args {
  std::string instance;
  std::vector<std::string> states;
};

StatusOr<v1::Operation::State> StateOf(const std::string& word) {
  std::string name = "STATE_";
  for (const char c : word) name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  v1::Operation::State state = v1::Operation::STATE_UNSPECIFIED;
  if (v1::Operation::State_Parse(name, &state) && state != v1::Operation::STATE_UNSPECIFIED)
    return state;
  return BadUsage(
      fmt::format("--state {}: it is one of running, undoing, succeeded, failed, cancelled", word));
}

StatusOr<v1::ListOperationsRequest> MakeRequest(Agent& agent, const Args& args) {
  v1::ListOperationsRequest request;
  for (const std::string& word : args.states) {
    BERTH_ASSIGN_OR_RETURN(const auto state, StateOf(word));
    request.add_states(state);
  }
  if (args.instance.empty()) return request;
  BERTH_ASSIGN_OR_RETURN(const auto ids, ResolveIds(agent, {args.instance}));
  request.set_target(ids.front());
  return request;
}

ExitCode List(Context& context, const Args& args) {
  Agent agent(context);
  const auto request = MakeRequest(agent, args);
  if (!request.ok()) return Fail(context, "operation list", request.status());
  const auto all = AllPages(agent, &OperationStub::ListOperations, *request);
  if (!all.ok()) return Fail(context, "operation list", all.status());
  if (context.json()) {
    context.out << ToJson(*all);
  } else if (all->operations().empty()) {
    context.err << "No operations.\n";
  } else {
    ShowOperations(context, {all->operations().begin(), all->operations().end()});
  }
  return ExitCode::kOk;
}

}  // namespace

void AddOperationList(Command& operation) {
  auto args = std::make_shared<Args>();
  Command list = operation.Sub("list", "List operations, newest first; ended ones for 24 hours");
  list.Option("-i,--instance", "ID", &args->instance, "Only those of this instance, id or name");
  list.Options("--state", "STATE", &args->states, "Only those in this state; may be repeated");
  list.Example("Example:\n  berthctl operation list --instance web-1 --state failed");
  list.Run([args](Context& context) { return List(context, *args); });
}

}  // namespace berth::cli
