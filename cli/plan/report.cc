// SPDX-License-Identifier: Apache-2.0
#include "cli/plan/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

namespace berth::cli {
namespace {

using nlohmann::ordered_json;
using placement::PlacedCell;
using placement::Placement;
using placement::Reason;
using placement::Refusal;

ordered_json CellJson(const PlacedCell& cell) {
  ordered_json pins = ordered_json::object();
  for (const auto& [vcpu, cpu] : cell.vcpu_pins) pins[std::to_string(vcpu)] = cpu;
  return {{"node", cell.node},
          {"vcpu_pins", pins},
          {"shared_vcpus", cell.shared_vcpus},
          {"memory_mib", cell.memory_mib},
          {"page_size_kib", cell.page_size_kib}};
}

ordered_json PlacementJson(const Placement& placement) {
  ordered_json cells = ordered_json::array();
  for (const PlacedCell& cell : placement.cells) cells.push_back(CellJson(cell));
  return {{"cells", cells},
          {"emulator_cpus", placement.emulator_cpus.ToVector()},
          {"charged_cpus", ToCpuList(placement.ChargedCpus())},
          {"devices", placement.devices}};
}

ordered_json ReasonsJson(const Refusal& refusal) {
  ordered_json reasons = ordered_json::array();
  for (const Reason& reason : refusal.reasons) {
    ordered_json entry = {{"resource", reason.resource}};
    if (reason.node) entry["node"] = *reason.node;
    entry["wanted"] = reason.wanted;
    entry["free"] = reason.free;
    reasons.push_back(entry);
  }
  return reasons;
}

ordered_json NearestJson(const Refusal& refusal) {
  ordered_json nearest = ordered_json::object();
  for (const auto& [dimension, value] : refusal.nearest) nearest[dimension] = value;
  return nearest;
}

std::string ReasonText(const Reason& reason) {
  return fmt::format("{}{}: {} wanted, {} free", reason.resource,
                     reason.node ? fmt::format(" on node {}", *reason.node) : "", reason.wanted,
                     reason.free);
}

bool Optimal(const Plan& plan) {
  for (const Placement& placement : plan.placements)
    if (!placement.optimal) return false;
  return true;
}

std::string RenderPlacement(const Placement& placement) {
  std::string text;
  for (size_t i = 0; i < placement.cells.size(); ++i) {
    const PlacedCell& cell = placement.cells[i];
    text += fmt::format("  cell {} on node {}: {} MiB in pages of {} KiB", i, cell.node,
                        cell.memory_mib, cell.page_size_kib);
    if (!cell.shared_vcpus.empty())
      text += fmt::format(", {} shared vCPUs", cell.shared_vcpus.size());
    for (const auto& [vcpu, cpu] : cell.vcpu_pins) text += fmt::format(" {}@{}", vcpu, cpu);
    text += '\n';
  }
  text +=
      fmt::format("  emulator on {}; charged: {}\n", ToCpuList(placement.emulator_cpus),
                  placement.ChargedCpus().empty() ? "no CPU" : ToCpuList(placement.ChargedCpus()));
  for (const std::string& device : placement.devices) text += fmt::format("  device {}\n", device);
  return text;
}

}  // namespace

std::string PlanAsJson(const Plan& plan, bool many) {
  ordered_json json = {{"fits", !plan.refusal.has_value()}};
  if (!plan.refusal) json["optimal"] = Optimal(plan);
  json["micros"] = std::round(plan.micros * 10) / 10;
  if (many) {
    json["placements"] = ordered_json::array();
    for (const Placement& placement : plan.placements)
      json["placements"].push_back(PlacementJson(placement));
  } else if (!plan.placements.empty()) {
    json["placement"] = PlacementJson(plan.placements.front());
  }
  if (plan.refusal) {
    json["reasons"] = ReasonsJson(*plan.refusal);
    json["nearest"] = NearestJson(*plan.refusal);
  }
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string RenderPlan(const Plan& plan) {
  std::string text;
  for (const Placement& placement : plan.placements)
    text += (placement.optimal ? "Fits:\n" : "Fits (perhaps not in the best way):\n") +
            RenderPlacement(placement);
  if (!plan.refusal) return text;
  text += "Does not fit:\n";
  for (const Reason& reason : plan.refusal->reasons)
    text += fmt::format("  {}\n", ReasonText(reason));
  for (const auto& [dimension, value] : plan.refusal->nearest)
    text += fmt::format("  would fit with {} {}\n", dimension, value);
  return text;
}

std::string TypesAsJson(const std::vector<TypePlan>& types, double micros) {
  ordered_json list = ordered_json::array();
  for (const TypePlan& type : types) {
    ordered_json entry = {{"name", type.name}, {"count", type.count}};
    if (type.limited_by) entry["reasons"] = ReasonsJson(*type.limited_by);
    list.push_back(std::move(entry));
  }
  const ordered_json json = {{"types", list}, {"micros", std::round(micros * 10) / 10}};
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string RenderTypes(const std::vector<TypePlan>& types) {
  size_t width = 0;
  for (const TypePlan& type : types) width = std::max(width, type.name.size());
  std::string text;
  for (const TypePlan& type : types) {
    text += fmt::format("{:<{}} {:>6}", type.name, width, type.count);
    const char* before = "  ";
    if (type.limited_by)
      for (const Reason& reason : type.limited_by->reasons)
        text += std::exchange(before, "; ") + ReasonText(reason);
    text += '\n';
  }
  return text;
}

std::string FaultsAsJson(const std::string& input, const std::vector<FieldViolation>& faults) {
  ordered_json json = {{"error", "bad input"}, {"input", input}, {"faults", ordered_json::array()}};
  for (const FieldViolation& fault : faults)
    json["faults"].push_back({{"path", fault.field}, {"problem", fault.description}});
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace berth::cli
