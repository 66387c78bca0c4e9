// SPDX-License-Identifier: Apache-2.0
#include "agent/telemetry/node_metrics.h"

#include <fmt/format.h>

#include <array>
#include <map>

#include "core/model/names.h"

namespace berth {
namespace {

using model::InstanceState;

constexpr double kBytesPerMib = 1024.0 * 1024.0;

constexpr auto kStates = std::to_array({InstanceState::kPending, InstanceState::kRunning,
                                        InstanceState::kStopping, InstanceState::kStopped,
                                        InstanceState::kShuttingDown, InstanceState::kTerminated});

void AddResources(const std::string& kind, const std::string& what, const model::Resources& amount,
                  MetricFamilies& out) {
  out.push_back(SingleGauge(fmt::format("berth_node_{}_vcpus", kind),
                            fmt::format("vCPUs {}.", what), static_cast<double>(amount.vcpus)));
  out.push_back(SingleGauge(fmt::format("berth_node_{}_memory_bytes", kind),
                            fmt::format("Memory {}.", what),
                            static_cast<double>(amount.memory_mib) * kBytesPerMib));
  out.push_back(SingleGauge(fmt::format("berth_node_{}_disk_bytes", kind),
                            fmt::format("Disk space {}.", what),
                            static_cast<double>(amount.disk_mib) * kBytesPerMib));
}

prometheus::MetricFamily InstancesByState(const model::NodeView& view) {
  std::map<InstanceState, int> counts;
  view.instances.ForEach([&](const std::string&, const auto& record) { ++counts[record->state]; });
  auto family =
      FamilyBuilder::Gauge("berth_instances", "Instances that the ledger holds, by state.");
  for (const InstanceState state : kStates)
    family.Add({{"state", std::string(model::Name(state))}}, counts[state]);
  return std::move(family).Done();
}

int RunningOperations(const model::NodeView& view) {
  int running = 0;
  view.operations.ForEach(
      [&](const std::string&, const auto& operation) { running += operation->final() ? 0 : 1; });
  return running;
}

int HeldReservations(const model::NodeView& view) {
  int held = 0;
  view.reservations.ForEach([&](const std::string&, const auto& reservation) {
    held += reservation->state == model::ReservationState::kHeld ? 1 : 0;
  });
  return held;
}

constexpr auto kImageStates =
    std::to_array({model::ImageState::kPending, model::ImageState::kAvailable,
                   model::ImageState::kFailed, model::ImageState::kEvicted});

prometheus::MetricFamily ImagesByState(const model::NodeView& view) {
  std::map<model::ImageState, int> counts;
  view.images.ForEach([&](const std::string&, const auto& image) { ++counts[image->state]; });
  auto family = FamilyBuilder::Gauge("berth_images", "Images that the ledger holds, by state.");
  for (const model::ImageState state : kImageStates)
    family.Add({{"state", std::string(model::Name(state))}}, counts[state]);
  return std::move(family).Done();
}

double ImageBytes(const model::NodeView& view) {
  int64_t bytes = 0;
  view.images.ForEach([&](const std::string&, const auto& image) { bytes += image->file_bytes; });
  return static_cast<double>(bytes);
}

}  // namespace

MetricFamilies CapacityFamilies(const model::Capacity& capacity,
                                const model::Resources& allocated) {
  MetricFamilies families;
  AddResources("capacity", "the host has", capacity.total, families);
  AddResources("reserved", "kept back for the host", capacity.reserved, families);
  AddResources("allocatable", "that claims may add up to", capacity.Allocatable(), families);
  AddResources("allocated", "held by claims", allocated, families);
  families.push_back(SingleGauge("berth_node_cpu_overcommit_ratio",
                                 "Shared vCPUs per CPU that is not reserved.",
                                 capacity.cpu_overcommit));
  return families;
}

MetricFamilies ViewFamilies(const model::NodeView& view) {
  return {InstancesByState(view),
          SingleGauge("berth_operations_in_progress", "Operations that have not ended.",
                      RunningOperations(view)),
          SingleGauge("berth_reservations_held", "Reservations that hold room.",
                      HeldReservations(view)),
          ImagesByState(view),
          SingleGauge("berth_image_cache_bytes", "What the files of images take of the disk.",
                      ImageBytes(view)),
          SingleGauge("berth_ledger_revision", "Revision of the ledger's latest view.",
                      static_cast<double>(view.revision)),
          SingleGauge("berth_agent_epoch", "Starts of the agent on this ledger.",
                      static_cast<double>(view.identity.agent_epoch)),
          SingleGauge("berth_node_cordoned", "1 while the node takes no new instances.",
                      view.cordoned ? 1 : 0)};
}

MetricFamilies ConditionFamilies(const std::vector<model::Condition>& conditions) {
  auto family = FamilyBuilder::Gauge("berth_node_condition",
                                     "Conditions of the node; 1 for the status that holds.");
  for (const model::Condition& condition : conditions)
    for (const char* status : {"true", "false", "unknown"})
      family.Add({{"condition", condition.type}, {"status", status}},
                 status == model::Name(condition.status) ? 1 : 0);
  return {std::move(family).Done()};
}

MetricFamilies RecoveryFamilies(const RecoveryFigures& figures) {
  auto differences = FamilyBuilder::Gauge(
      "berth_recovery_differences",
      "Differences between ledger, hypervisor and disk at the last comparison, by kind.");
  for (const auto& [kind, count] : figures.differences)
    differences.Add({{"kind", kind}}, static_cast<double>(count));
  const std::chrono::duration<double> compared = figures.compared.time_since_epoch();
  return {
      FamilyBuilder::Counter("berth_recovery_runs_total", "Comparisons that were made.")
          .Add({}, static_cast<double>(figures.runs))
          .Done(),
      FamilyBuilder::Counter("berth_recovery_failures_total", "Comparisons that could not be made.")
          .Add({}, static_cast<double>(figures.failures))
          .Done(),
      SingleGauge("berth_recovery_last_success_timestamp_seconds",
                  "When the last comparison ended; 0 before the first.", compared.count()),
      std::move(differences).Done()};
}

}  // namespace berth
