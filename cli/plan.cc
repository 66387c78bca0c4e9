// SPDX-License-Identifier: Apache-2.0
// `berthctl plan`: where a guest would go on a host, without an agent.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <variant>

#include "cli/commands.h"
#include "cli/failure.h"
#include "cli/input_files.h"
#include "cli/plan/draw.h"
#include "cli/plan/host.h"
#include "cli/plan/report.h"
#include "cli/plan/request.h"
#include "core/base/stopwatch.h"
#include "core/catalogue/instance_types.h"
#include "drivers/host/topology.h"
#include "scheduler/place_exact.h"

namespace berth::cli {
namespace {

constexpr size_t kFileBytesMax = 64 << 20;
constexpr std::string_view kSynthetic = "synthetic:";
constexpr size_t kRequestBytesMax = 16 << 20;
constexpr int64_t kCountMax = 100'000;

struct Args {
  std::string host;
  std::string request;
  std::string types;
  std::string tenant;
  std::optional<int64_t> count;
  bool draw = false;
};

// `host` is "synthetic:…", or a file with either format; an error is about the file itself.
StatusOr<placement::HostSpec> ReadPlanHost(const std::string& host,
                                           std::vector<FieldViolation>& faults) {
  StatusOr<model::Topology> topology = Status(StatusCode::kInvalidArgument, "");
  if (host.starts_with(kSynthetic)) {
    topology = TopologyFromSynthetic(host.substr(kSynthetic.size()));
  } else {
    BERTH_ASSIGN_OR_RETURN(const std::string text, ReadInputFile("--host", host, kFileBytesMax));
    const size_t begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string::npos || text[begin] != '<') return HostFromJson(text, faults);
    topology = TopologyFromXml(text);
  }
  if (!topology.ok())
    return BadUsage(fmt::format("--host {}: {}", host, MessageOf(topology.status())));
  placement::HostSpec spec = HostFromTopology(*topology);
  CheckHost(spec, faults);
  return spec;
}

ExitCode BadInput(Context& context, const std::string& input,
                  const std::vector<FieldViolation>& faults) {
  if (context.json()) context.out << FaultsAsJson(input, faults);
  for (const FieldViolation& fault : faults)
    context.err << fmt::format("{}: {}: {}\n", input, fault.field.empty() ? "(all)" : fault.field,
                               fault.description);
  return ExitCode::kUsage;
}

ExitCode BadLine(Context& context, std::string_view why) {
  context.err << fmt::format("berthctl plan: {}\n", why);
  return ExitCode::kUsage;
}

// Leaves what was placed in the host's book.
Plan MakePlan(placement::Host& host, const placement::Request& request, int64_t count) {
  Plan plan;
  const Stopwatch watch;
  for (int64_t i = 0; i < count && !plan.refusal; ++i) {
    placement::Answer answer = placement::Place(host, request);
    if (auto* refusal = std::get_if<placement::Refusal>(&answer)) {
      plan.refusal = std::move(*refusal);
      break;
    }
    plan.placements.push_back(std::move(std::get<placement::Placement>(answer)));
    // The space keeps it apart from every claim that the host has: ids have none.
    host.Add(ToClaim(plan.placements.back(), request, fmt::format("new {}", i)));
  }
  plan.micros = watch.Micros();
  return plan;
}

std::vector<TypePlan> PlanTypes(const placement::Host& host,
                                const std::vector<model::InstanceType>& types,
                                const std::string& tenant) {
  std::vector<TypePlan> plans;
  for (const model::InstanceType& type : types) {
    placement::Host trial = host;
    const Plan plan =
        MakePlan(trial, placement::RequestOf(type.shape, tenant, /*overhead_mib=*/0), kCountMax);
    plans.push_back({type.name, std::ssize(plan.placements), plan.refusal});
  }
  return plans;
}

ExitCode RunTypes(Context& context, const Args& args, placement::HostSpec spec) {
  const StatusOr<std::string> text = ReadInputFile("--types", args.types, kRequestBytesMax);
  if (!text.ok()) return BadLine(context, MessageOf(text.status()));
  const auto types = ParseInstanceTypes(*text);
  if (!types.ok()) return BadInput(context, "types", DetailsOf(types.status()).violations);
  const placement::Host host(std::move(spec));
  const Stopwatch watch;
  const std::vector<TypePlan> plans = PlanTypes(host, *types, args.tenant);
  if (args.draw) (context.json() ? context.err : context.out) << DrawHost(host);
  context.out << (context.json() ? TypesAsJson(plans, watch.Micros()) : RenderTypes(plans));
  const bool all =
      std::all_of(plans.begin(), plans.end(), [](const TypePlan& plan) { return plan.count > 0; });
  return all ? ExitCode::kOk : ExitCode::kFailed;
}

ExitCode RunPlan(Context& context, const Args& args) {
  if (args.types.empty() == args.request.empty())
    return BadLine(context, "give either --request or --types");
  if (!args.types.empty() && args.count)
    return BadLine(context, "--count: goes with --request; of types as many as fit are counted");
  if (args.count && (*args.count < 1 || *args.count > kCountMax))
    return BadLine(context, fmt::format("--count: must be from 1 to {}", kCountMax));
  std::vector<FieldViolation> faults;
  StatusOr<placement::HostSpec> spec = ReadPlanHost(args.host, faults);
  if (!spec.ok()) return BadLine(context, MessageOf(spec.status()));
  if (!faults.empty()) return BadInput(context, "host", faults);
  if (!args.types.empty()) return RunTypes(context, args, std::move(*spec));
  const StatusOr<std::string> text = ReadInputFile("--request", args.request, kRequestBytesMax);
  if (!text.ok()) return BadLine(context, MessageOf(text.status()));
  const placement::Request request = RequestFromJson(*text, *spec, faults);
  if (!faults.empty()) return BadInput(context, "request", faults);
  placement::Host host(std::move(*spec));
  const Plan plan = MakePlan(host, request, args.count.value_or(1));
  if (args.draw) (context.json() ? context.err : context.out) << DrawHost(host);
  context.out << (context.json() ? PlanAsJson(plan, args.count.has_value()) : RenderPlan(plan));
  return plan.refusal ? ExitCode::kFailed : ExitCode::kOk;
}

}  // namespace

void AddPlan(Command& top) {
  auto args = std::make_shared<Args>();
  Command plan = top.Sub("plan", "Would this guest fit that host, and where? Needs no agent");
  plan.Option("--host", "HOST", &args->host,
              "A JSON host, hwloc's XML, or \"synthetic:node:2 core:8 pu:2\"");
  plan.Option("--request", "FILE", &args->request, "The guest, as JSON");
  plan.Option("--types", "FILE", &args->types,
              "Instead: a catalogue of instance types; how many of each fit");
  plan.Option("--tenant", "ID", &args->tenant, "With --types: whose they would be");
  plan.Option("--count", "N", &args->count, "As many of it, one after the other");
  plan.Flag("--draw", &args->draw, "The host as a picture: who sits where");
  plan.Example(
      "Example:\n  berthctl plan --host 'synthetic:node:2 core:8 pu:2' --request guest.json "
      "--draw\n  berthctl plan --host node.json --types /etc/berth/instance-types.json\n\n"
      "Exit status: 0 it fits (of types: each at least once), 1 it does not, 2 bad input. "
      "Formats:\ndocs/placement.md.");
  plan.Run([args](Context& context) { return RunPlan(context, *args); });
}

}  // namespace berth::cli
