// SPDX-License-Identifier: Apache-2.0
#include "agent/api/node_convert.h"

#include <algorithm>

#include "agent/api/instance_convert.h"
#include "agent/api/spec_convert.h"
#include "agent/api/text.h"
#include "agent/api/time_convert.h"
#include "agent/api/topology_convert.h"

namespace berth::api {
namespace {

v1::ConditionStatus FromStatus(model::ConditionStatus status) {
  switch (status) {
    case model::ConditionStatus::kTrue:
      return v1::CONDITION_STATUS_TRUE;
    case model::ConditionStatus::kFalse:
      return v1::CONDITION_STATUS_FALSE;
    case model::ConditionStatus::kUnknown:
      return v1::CONDITION_STATUS_UNKNOWN;
  }
  return v1::CONDITION_STATUS_UNSPECIFIED;
}

void FillConditions(const NodeFacts& facts, v1::Node& out) {
  if (!facts.conditions) return;
  for (const model::Condition& condition : facts.conditions()) {
    v1::Condition& added = *out.add_conditions();
    added.set_type(condition.type);
    added.set_status(FromStatus(condition.status));
    added.set_reason(condition.reason);
    added.set_message(Truncated(condition.message, 1024));
    if (condition.since != WallTime{})
      *added.mutable_last_transition_time() = ToTimestamp(condition.since);
  }
}

// "libvirt 9.0.0, QEMU 7.2.22": what stands behind `name`.
std::string VersionOf(const std::string& versions, const std::string& name) {
  const size_t at = versions.find(name + " ");
  if (at == std::string::npos) return "";
  const size_t begin = at + name.size() + 1;
  return versions.substr(begin, versions.find(',', begin) - begin);
}

void FillHypervisor(const HypervisorHealth& health, v1::HypervisorInfo& out) {
  out.set_uri(health.uri);
  out.set_connected(health.connected);
  out.set_libvirt_version(VersionOf(health.version, "libvirt"));
  out.set_emulator_version(VersionOf(health.version, "QEMU"));
  out.set_accelerator(FromAccel(health.accel));
  out.set_accelerator_reason(health.accel_reason);
  out.set_abandoned_call_count(health.abandoned_calls);
}

// Every CPU that is not the host's serves shared vCPUs; none is given alone yet.
void FillResources(const NodeInfo& info, v1::Node& out) {
  const model::Capacity& capacity = info.capacity;
  const model::Resources allocatable = capacity.Allocatable();
  const auto fill = [](const model::Resources& from, v1::Resources& to) {
    to.set_memory_mib(from.memory_mib);
    to.set_disk_mib(from.disk_mib);
  };
  fill(capacity.total, *out.mutable_capacity());
  fill(capacity.reserved, *out.mutable_reserved());
  fill(allocatable, *out.mutable_allocatable());
  fill(info.allocated, *out.mutable_allocated());
  out.mutable_capacity()->set_cpus(static_cast<int32_t>(capacity.total.vcpus));
  out.mutable_reserved()->set_cpus(static_cast<int32_t>(capacity.reserved.vcpus));
  out.mutable_allocatable()->set_cpus(
      static_cast<int32_t>(capacity.total.vcpus - capacity.reserved.vcpus));
  out.mutable_capacity()->set_shared_vcpus(static_cast<int32_t>(allocatable.vcpus));
  out.mutable_allocatable()->set_shared_vcpus(static_cast<int32_t>(allocatable.vcpus));
  out.mutable_allocated()->set_shared_vcpus(static_cast<int32_t>(info.allocated.vcpus));
  out.set_cpu_overcommit(capacity.cpu_overcommit);
  out.set_memory_overcommit(1.0);
  out.set_disk_overcommit(1.0);
}

}  // namespace

v1::Node FromNode(const NodeInfo& info, const NodeFacts& facts) {
  v1::Node out;
  out.set_node_id(info.identity.node_id);
  out.set_ledger_id(info.identity.ledger_id);
  out.set_boot_id(info.identity.boot_id);
  out.set_agent_epoch(info.identity.agent_epoch);
  out.set_hostname(facts.hostname);
  out.set_version(facts.version);
  if (facts.start_time != WallTime{}) *out.mutable_start_time() = ToTimestamp(facts.start_time);
  *out.mutable_topology() = FromTopology(info.topology);
  FillResources(info, out);
  FillConditions(facts, out);
  FillHypervisor(info.hypervisor, *out.mutable_hypervisor());
  out.set_cordoned(info.cordoned);
  out.mutable_labels()->insert(facts.labels.begin(), facts.labels.end());
  out.set_revision(info.revision);
  return out;
}

v1::InstanceType FromType(const model::InstanceType& type) {
  v1::InstanceType out;
  out.set_name(type.name);
  out.set_family(type.family);
  out.set_description(type.description);
  *out.mutable_shape() = FromShape(type.shape);
  out.set_root_disk_mib(type.root_disk_mib);
  return out;
}

}  // namespace berth::api
