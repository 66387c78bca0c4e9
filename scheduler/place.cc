// SPDX-License-Identifier: Apache-2.0
#include "scheduler/place.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/error.h"
#include "core/base/reasons.h"
#include "scheduler/place_exact.h"

namespace berth::scheduler {
namespace {

using placement::Reason;
using placement::Refusal;

int64_t OverheadFor(const placement::Request& request, const GuestTraits& traits) {
  return OverheadMib({.vcpus = request.vcpus, .memory_mib = request.memory_mib}, traits);
}

// As the API spells it.
std::string ResourceOf(const Reason& reason) {
  return reason.resource == "shared_vcpus" ? "vcpus" : reason.resource;
}

// For people, and the unit with the space before it.
struct Words {
  std::string noun;
  std::string unit;
};

Words WordsOf(const std::string& resource) {
  if (resource == "vcpus") return {"vCPUs", ""};
  if (resource == "memory_mib") return {"memory", " MiB"};
  if (resource == "disk_mib") return {"disk", " MiB"};
  if (resource == "large_pages_mib") return {"memory in large pages", " MiB"};
  if (resource == "dedicated_cpus") return {"dedicated CPUs", ""};
  if (resource == "emulator_cpus") return {"CPUs for the emulator", ""};
  if (resource == "numa_nodes") return {"NUMA nodes", ""};
  if (resource == "numa_cells") return {"ways to divide into so many cells", ""};
  if (resource == "smt") return {"hardware threads per core", ""};
  if (resource.starts_with("pages_")) return {resource.substr(6) + " KiB pages", ""};
  if (resource == "page_size") return {"pages that divide the memory", " KiB"};
  return {resource, ""};
}

std::string Sentence(const Reason& reason, bool with_node, const placement::Host& host) {
  const Words words = WordsOf(ResourceOf(reason));
  std::string text = fmt::format("short of {}{} by {}{}: {} wanted, {} free", words.noun,
                                 with_node ? fmt::format(" on node {}", *reason.node) : "",
                                 reason.wanted - reason.free + reason.over, words.unit,
                                 reason.wanted, reason.free);
  if (reason.over > 0) text += fmt::format(" (over-committed by {})", reason.over);
  if (reason.resource == "shared_vcpus" && reason.node) {
    const auto node = static_cast<size_t>(host.NodeIndex(*reason.node));
    const int64_t cpus = host.books()[node].shared_cpus;
    if (reason.wanted > cpus)
      text += fmt::format("; one guest cannot be wider than the {} CPUs there are to give", cpus);
  }
  return text;
}

Status ToStatus(const Refusal& refusal, const placement::Host& host) {
  const bool several = host.spec().nodes.size() > 1;
  ErrorDetails details{.reason = reasons::kInsufficientCapacity};
  std::string message;
  for (const Reason& reason : refusal.reasons) {
    const bool with_node = several && reason.node.has_value();
    const std::string key =
        (with_node ? fmt::format("node{}_", *reason.node) : "") + ResourceOf(reason);
    details.metadata[key + "_wanted"] = std::to_string(reason.wanted);
    details.metadata[key + "_free"] = std::to_string(reason.free);
    details.metadata[key + "_short"] = std::to_string(reason.wanted - reason.free + reason.over);
    message += (message.empty() ? "" : "; ") + Sentence(reason, with_node, host);
  }
  for (const char* dimension : {"vcpus", "memory_mib"})
    if (const auto it = refusal.nearest.find(dimension); it != refusal.nearest.end())
      details.metadata[std::string("nearest_") + dimension] = std::to_string(it->second);
  return MakeError(StatusCode::kResourceExhausted, message, std::move(details));
}

// What is short of disk; nothing helps but to release some.
std::optional<Reason> DiskShort(const Room& room, int64_t disk_mib) {
  if (disk_mib == 0 || disk_mib <= room.disk_left_mib) return std::nullopt;
  return Reason{.resource = "disk_mib",
                .wanted = disk_mib,
                .free = std::max<int64_t>(0, room.disk_left_mib),
                .over = std::max<int64_t>(0, -room.disk_left_mib)};
}

Charge ChargeFor(const Demand& demand, const placement::Request& request,
                 model::Placement placement) {
  Charge charge;
  charge.overhead_mib = request.overhead_mib;
  charge.run = model::HeldToRun(placement, request.overhead_mib);
  charge.placement = std::move(placement);
  if (demand.with_disk) charge.disk.disk_mib = DiskMib(demand.traits.root_disk_mib);
  return charge;
}

}  // namespace

placement::Request RequestOf(const Demand& demand) {
  return placement::RequestOf(demand.shape, demand.tenant_id,
                              OverheadMib(demand.shape, demand.traits));
}

std::variant<Charge, Refusal> TryPlace(const Room& room, const Demand& demand) {
  const placement::Request request = RequestOf(demand);
  placement::Answer answer = placement::Place(
      room.host, request,
      [&](const placement::Request& other) { return OverheadFor(other, demand.traits); });
  const auto disk = DiskShort(room, demand.with_disk ? DiskMib(demand.traits.root_disk_mib) : 0);
  if (auto* refusal = std::get_if<Refusal>(&answer)) {
    if (disk) {
      refusal->reasons.push_back(*disk);
      refusal->nearest.clear();  // Nothing else helps by itself.
    }
    return std::move(*refusal);
  }
  if (disk) return Refusal{.reasons = {*disk}, .nearest = {}};
  return ChargeFor(demand, request, std::move(std::get<model::Placement>(answer)));
}

StatusOr<Charge> Place(const Room& room, const Demand& demand) {
  std::variant<Charge, Refusal> answer = TryPlace(room, demand);
  if (const auto* refusal = std::get_if<Refusal>(&answer)) return ToStatus(*refusal, room.host);
  return std::get<Charge>(std::move(answer));
}

}  // namespace berth::scheduler
