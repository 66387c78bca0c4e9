// SPDX-License-Identifier: Apache-2.0
// `berthctl node ledger` and `node export`: the book of who holds what.
#include <fmt/format.h>

#include "cli/agent.h"
#include "cli/commands.h"
#include "cli/json_output.h"
#include "cli/node_host.h"
#include "cli/plan/draw.h"
#include "cli/plan/host_json.h"
#include "cli/report.h"
#include "cli/sizes.h"
#include "cli/table.h"
#include "core/base/cpu_set.h"

namespace berth::cli {
namespace {

std::string Join(std::string text, const std::string& more) {
  return text.empty() ? more : std::move(text) + ", " + more;
}

std::vector<Cell> RowOf(const v1::Claim& claim) {
  std::string nodes, memory;
  int64_t shared = 0;
  for (const v1::PlacementCell& cell : claim.placement().cells()) {
    nodes = Join(std::move(nodes), std::to_string(cell.node()));
    memory = Join(std::move(memory), HumanMib(cell.memory_mib()));
    if (cell.page_size_kib() > 4) memory += fmt::format(" of {} KiB", cell.page_size_kib());
    shared += ParseCpuList(cell.shared_vcpus()).value_or(CpuSet()).Count();
  }
  const v1::Placement& placement = claim.placement();
  if (placement.overhead_mib() > 0)
    memory += fmt::format(" + {}", HumanMib(placement.overhead_mib()));
  return {
      {claim.claim_id()},         {claim.owner_id()},
      {claim.tenant_id()},        {std::move(nodes)},
      {placement.charged_cpus()}, {shared > 0 ? std::to_string(shared) : ""},
      {std::move(memory)},        {placement.disk_mib() > 0 ? HumanMib(placement.disk_mib()) : ""}};
}

ExitCode Ledger(Context& context) {
  Agent agent(context);
  const auto node = agent.Call(&NodeStub::GetNode, v1::GetNodeRequest());
  if (!node.ok()) return Fail(context, "node ledger", node.status());
  auto claims = FetchClaims(agent);
  if (!claims.ok()) return Fail(context, "node ledger", claims.status());
  for (v1::Claim& claim : ForeignClaims(*node)) claims->push_back(std::move(claim));
  if (context.json()) {
    v1::ListClaimsResponse all;
    for (const v1::Claim& claim : *claims) *all.add_claims() = claim;
    all.set_revision(node->revision());
    context.out << ToJson(all);
    return ExitCode::kOk;
  }
  const auto host = HostOfNode(*node, *claims);
  if (!host.ok()) return Fail(context, "node ledger", host.status());
  Table table({"CLAIM", "OWNER", "TENANT", "NODES", "CPUS", "SHARED", "MEMORY", "DISK"});
  for (const v1::Claim& claim : *claims) table.Add(RowOf(claim));
  context.out << DrawHost(placement::Host(*host)) << "\n" << table.Render(context.colour_out());
  return ExitCode::kOk;
}

ExitCode Export(Context& context) {
  Agent agent(context);
  const auto host = FetchHost(agent);
  if (!host.ok()) return Fail(context, "node export", host.status());
  context.out << HostAsJson(*host);
  return ExitCode::kOk;
}

}  // namespace

void AddNodeLedger(Command& node) {
  Command ledger = node.Sub("ledger", "The book: who holds which CPUs, memory, pages and disk");
  ledger.Example("Example:\n  berthctl node ledger -o json | jq '.claims[].placement'");
  ledger.Run(Ledger);
}

void AddNodeExport(Command& node) {
  Command command = node.Sub("export", "The node as JSON for `berthctl plan --host`");
  command.Example(
      "Example:\n  berthctl node export > node.json && berthctl plan --host node.json "
      "--request guest.json");
  command.Run(Export);
}

}  // namespace berth::cli
