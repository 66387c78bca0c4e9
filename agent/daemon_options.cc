// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon_options.h"

#include "agent/recovery/diff.h"

namespace berth {
namespace {

AccelMode AccelModeOf(AccelChoice choice) {
  switch (choice) {
    case AccelChoice::kAuto:
      return AccelMode::kAuto;
    case AccelChoice::kKvm:
      return AccelMode::kKvm;
    case AccelChoice::kTcg:
      return AccelMode::kTcg;
  }
  return AccelMode::kAuto;
}

}  // namespace

CapacityPolicy CapacityPolicyOf(const CapacityConfig& config) {
  return {
      .reserved_cpus = config.reserved_cpus,
      .shared_cpus = config.shared_cpus == "auto" ? std::nullopt : ParseCpuList(config.shared_cpus),
      .dedicated_cpus = ParseCpuList(config.dedicated_cpus).value_or(CpuSet()),
      .reserved_memory_mib = config.reserved_memory_mib,
      .reserved_disk_mib = config.reserved_disk_mib,
      .cpu_overcommit = config.cpu_overcommit};
}

LibvirtOptions LibvirtOptionsOf(const HypervisorConfig& config, const std::string& node_id) {
  LibvirtOptions options;
  options.uri = config.uri;
  // libvirt's simulated host, for benchmarks with many guests: it knows no other kind.
  if (config.uri.starts_with("test")) options.domain_type = "test";
  options.node_id = node_id;
  options.accel = AccelModeOf(config.accel);
  options.query_deadline = config.deadlines.query;
  options.lifecycle_deadline = config.deadlines.lifecycle;
  options.destroy_deadline = config.deadlines.destroy;
  return options;
}

api::ApiOptions ApiOptionsOf(const ApiConfig& config) {
  api::ApiOptions options;
  options.socket_path = config.socket;
  options.socket_mode = static_cast<mode_t>(config.socket_mode);
  options.limits.calls_max = static_cast<int>(config.max_in_flight);
  return options;
}

RecoveryFigures RecoveryFiguresOf(const RecoveryReport& report) {
  RecoveryFigures figures = {
      .runs = report.runs, .failures = report.failures, .compared = report.compared};
  for (int kind = 0; kind <= static_cast<int>(recovery::kLastDifference); ++kind)
    figures.differences[std::string(Name(static_cast<recovery::Difference>(kind)))] = 0;
  for (const auto& [kind, count] : report.counts)
    figures.differences[std::string(Name(kind))] = count;
  return figures;
}

}  // namespace berth
