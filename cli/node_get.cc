// SPDX-License-Identifier: Apache-2.0
#include "cli/agent.h"
#include "cli/commands.h"
#include "cli/json_output.h"
#include "cli/node_report.h"
#include "cli/report.h"

namespace berth::cli {
namespace {

ExitCode Get(Context& context) {
  Agent agent(context);
  const auto node = agent.Call(&NodeStub::GetNode, berth::v1::GetNodeRequest());
  if (!node.ok()) return Fail(context, "node get", node.status());
  if (context.json()) {
    context.out << ToJson(*node);
  } else {
    context.out << RenderNode(
        *node,
        {.wide = context.wide(), .colour = context.colour_out(), .now = context.clock.WallNow()});
  }
  return ExitCode::kOk;
}

}  // namespace

void AddNodeGet(Command& node) {
  Command get = node.Sub("get", "What the node has and has given out, and how it feels");
  get.Example(
      "Examples:\n  berthctl node get -o wide\n"
      "  berthctl node get -o json | jq .allocated");
  get.Run(Get);
}

}  // namespace berth::cli
