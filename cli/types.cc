// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "cli/agent.h"
#include "cli/all_pages.h"
#include "cli/commands.h"
#include "cli/json_output.h"
#include "cli/report.h"
#include "cli/sizes.h"
#include "cli/table.h"
#include "cli/wire_text.h"

namespace berth::cli {
namespace {

namespace v1 = berth::v1;

StatusOr<v1::ListInstanceTypesResponse> ListAll(Agent& agent, const std::string& family) {
  v1::ListInstanceTypesRequest request;
  request.set_family(family);
  return AllPages(agent, &NodeStub::ListInstanceTypes, request);
}

std::string Render(const v1::ListInstanceTypesResponse& all, bool wide, bool colour) {
  std::vector<std::string> header = {"TYPE", "FAMILY", ">VCPUS", ">MEMORY", ">DISK"};
  if (wide) header.insert(header.end(), {"CPUS", "PAGES"});
  header.emplace_back("DESCRIPTION");
  Table table(header);
  for (const v1::InstanceType& type : all.instance_types()) {
    const v1::Shape& shape = type.shape();
    std::vector<Cell> row = {
        type.name(), type.family(), std::to_string(shape.vcpus()), HumanMib(shape.memory_mib()),
        type.root_disk_mib() == 0 ? "image's" : HumanMib(type.root_disk_mib())};
    if (wide)
      row.insert(row.end(), {ShortName(shape.cpu_policy(), "CPU_POLICY_"),
                             ShortName(shape.page_size().kind(), "PAGE_SIZE_KIND_")});
    row.emplace_back(type.description());
    table.Add(std::move(row));
  }
  return table.Render(colour);
}

ExitCode Types(Context& context, const std::string& family) {
  Agent agent(context);
  const auto all = ListAll(agent, family);
  if (!all.ok()) return Fail(context, "types", all.status());
  if (context.json()) {
    context.out << ToJson(*all);
  } else if (all->instance_types().empty()) {
    context.err << "No instance types; custom shapes (--vcpus, --memory) can be created.\n";
  } else {
    context.out << Render(*all, context.wide(), context.colour_out());
  }
  return ExitCode::kOk;
}

}  // namespace

void AddTypes(Command& top) {
  auto family = std::make_shared<std::string>();
  Command types = top.Sub("types", "The instance types that this node offers");
  types.Option("--family", "NAME", family.get(), "Only this family");
  types.Example("Example:\n  berthctl types --family burstable");
  types.Run([family](Context& context) { return Types(context, *family); });
}

}  // namespace berth::cli
