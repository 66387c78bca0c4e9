// SPDX-License-Identifier: Apache-2.0
// `berthctl node headroom`: how many more of each type fit.
#include <fmt/format.h>

#include <memory>

#include "cli/agent.h"
#include "cli/commands.h"
#include "cli/json_output.h"
#include "cli/report.h"
#include "cli/table.h"

namespace berth::cli {
namespace {

struct Args {
  std::vector<std::string> types;
  std::string tenant;
};

std::string LimitOf(const v1::TypeHeadroom& type) {
  std::string text;
  for (const v1::Shortage& shortage : type.limited_by().shortages()) {
    if (!text.empty()) text += "; ";
    text += fmt::format("{}{}: {} of {}", shortage.resource(),
                        shortage.has_node() ? fmt::format(" on node {}", shortage.node()) : "",
                        shortage.free(), shortage.wanted());
  }
  return text.empty() ? "-" : text;
}

ExitCode Headroom(Context& context, const Args& args) {
  v1::GetHeadroomRequest request;
  for (const std::string& type : args.types) request.add_instance_types(type);
  request.set_tenant_id(args.tenant);
  Agent agent(context);
  const auto reply = agent.Call(&NodeStub::GetHeadroom, request);
  if (!reply.ok()) return Fail(context, "node headroom", reply.status());
  if (context.json()) {
    context.out << ToJson(*reply);
    return ExitCode::kOk;
  }
  Table table({"TYPE", ">MORE", "WHAT ONE MORE LACKS"});
  for (const v1::TypeHeadroom& type : reply->types())
    table.Add({{type.instance_type()}, {std::to_string(type.count())}, {LimitOf(type)}});
  context.out << table.Render(context.colour_out());
  return ExitCode::kOk;
}

}  // namespace

void AddNodeHeadroom(Command& node) {
  auto args = std::make_shared<Args>();
  Command headroom = node.Sub("headroom", "How many more of each type fit, each asked alone");
  headroom.Options("-t,--type", "TYPE", &args->types, "Only this type; may be repeated");
  headroom.Option("--tenant", "ID", &args->tenant, "For whom; matters for sharing cores");
  headroom.Example("Example:\n  berthctl node headroom --type m1.large --type c1.xlarge");
  headroom.Run([args](Context& context) { return Headroom(context, *args); });
}

}  // namespace berth::cli
