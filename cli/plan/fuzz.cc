// SPDX-License-Identifier: Apache-2.0
#include "cli/plan/fuzz.h"

#include <algorithm>
#include <string>
#include <variant>

#include "cli/plan/draw.h"
#include "cli/plan/host.h"
#include "cli/plan/report.h"
#include "cli/plan/request.h"
#include "core/base/check.h"
#include "drivers/host/topology.h"
#include "scheduler/place_exact.h"

namespace berth::cli {
namespace {

using placement::Host;
using placement::HostSpec;
using placement::Placement;
using placement::Request;

constexpr std::string_view kHost = R"({"cpu_overcommit": 2, "nodes": [
  {"id": 0, "memory_mib": 4096, "cores": [[0, 1], [2, 3]], "pages": [{"size_kib": 2048, "total": 512}]},
  {"id": 7, "memory_mib": 2048, "cores": [[4, 5], [6]]}],
  "devices": [{"address": "0000:01:00.0", "node": 7, "kind": "gpu", "iommu_group": 1},
              {"address": "0000:01:00.1", "node": 7, "kind": "audio", "iommu_group": 1}]})";
constexpr std::string_view kRequest =
    R"({"vcpus": 3, "memory_mib": 512, "cpu_policy": "mixed", "dedicated_vcpus": "0-1"})";

bool IsSmall(const HostSpec& host, const Request& request) {
  size_t cpus = 0;
  for (const auto& node : host.nodes)
    for (const auto& core : node.cores) cpus += core.size();
  return host.nodes.size() <= 12 && cpus <= 128 && host.devices.size() <= 16 &&
         request.vcpus <= 32 && request.devices.size() <= 4;
}

void PlaceAndLook(const HostSpec& spec, const Request& request) {
  if (!IsSmall(spec, request)) return;
  Host host(spec);
  const Host before = host;
  placement::Answer answer = Place(host, request);
  BERTH_CHECK(Fits(host, request) == std::holds_alternative<Placement>(answer),
              "Place and Fits differ");
  Plan plan;
  if (auto* placement = std::get_if<Placement>(&answer)) {
    host.Add(ToClaim(*placement, request, "new 0"));
    DrawHost(host);
    plan.placements.push_back(*placement);
    host.Remove("new 0");
    BERTH_CHECK(host == before, "a claim that came and went left something behind");
  } else {
    plan.refusal = std::get<placement::Refusal>(answer);
    BERTH_CHECK(!plan.refusal->reasons.empty(), "refused without a reason");
  }
  PlanAsJson(plan, /*many=*/false);
  RenderPlan(plan);
}

void FuzzBoth(std::string_view host, std::string_view request) {
  std::vector<FieldViolation> faults;
  const HostSpec spec = HostFromJson(host, faults);
  if (!faults.empty()) return;
  const Request read = RequestFromJson(request, spec, faults);
  if (faults.empty()) PlaceAndLook(spec, read);
}

void FuzzTopology(const StatusOr<model::Topology>& topology) {
  if (!topology.ok()) return;
  std::vector<FieldViolation> faults;
  const HostSpec spec = HostFromTopology(*topology);
  CheckHost(spec, faults);
  const Request request = RequestFromJson(kRequest, spec, faults);
  if (!faults.empty()) return;
  PlaceAndLook(spec, request);
}

}  // namespace

void FuzzPlan(std::string_view input) {
  if (input.empty()) return;
  const std::string_view text = input.substr(1);
  const size_t cut = std::min(text.find('\0'), text.size());
  switch (input.front()) {
    case 'h':
      return FuzzBoth(text, kRequest);
    case 'r':
      return FuzzBoth(kHost, text);
    case 'p':
      return FuzzBoth(text.substr(0, cut), text.substr(std::min(cut + 1, text.size())));
    case 'x':
      return FuzzTopology(TopologyFromXml(std::string(text)));
    case 's':
      return FuzzTopology(TopologyFromSynthetic(std::string(text)));
    default:
      return;
  }
}

}  // namespace berth::cli
