// SPDX-License-Identifier: Apache-2.0
#include "agent/api/node_convert.h"

#include <algorithm>
#include <array>

#include "agent/api/instance_convert.h"
#include "agent/api/shape_convert.h"
#include "agent/api/text.h"
#include "agent/api/time_convert.h"
#include "agent/api/topology_convert.h"
#include "agent/node/foreign.h"

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

void Fill(const model::Resources& from, v1::Resources& to) {
  to.set_memory_mib(from.memory_mib);
  to.set_disk_mib(from.disk_mib);
}

// One NUMA node: what of it is whose, and what is taken.
struct NodeFigures {
  v1::Resources capacity, reserved, allocatable, allocated;
};

void AddPages(v1::Resources& to, int64_t size_kib, int64_t count) {
  v1::PageCount& added = *to.add_pages();
  added.set_size_kib(size_kib);
  added.set_count(count);
}

NodeFigures FiguresOf(const placement::Host& host, size_t index) {
  const placement::HostSpec& spec = host.spec();
  const placement::Node& node = spec.nodes[index];
  const placement::NodeBook& book = host.books()[index];
  NodeFigures figures;
  int cpus = 0, dedicated = 0, charged = 0, reserved = 0;
  for (size_t c = 0; c < node.cores.size(); ++c) {
    for (size_t t = 0; t < node.cores[c].size(); ++t) {
      const int cpu = node.cores[c][t];
      ++cpus;
      if (spec.reserved_cpus.Has(cpu)) ++reserved;
      if (!spec.dedicated_cpus || !spec.dedicated_cpus->Has(cpu)) continue;
      ++dedicated;
      if ((book.cores[c].free >> t & 1) == 0) ++charged;
    }
  }
  figures.capacity.set_cpus(cpus);
  figures.reserved.set_cpus(reserved);
  figures.allocatable.set_cpus(cpus - reserved);
  figures.allocated.set_cpus(charged);
  const auto shared = static_cast<int32_t>(host.SharedLimit(book.shared_cpus));
  figures.capacity.set_shared_vcpus(shared);
  figures.allocatable.set_shared_vcpus(shared);
  figures.allocated.set_shared_vcpus(static_cast<int32_t>(book.shared_vcpus_used));
  figures.capacity.set_dedicated_cpus(dedicated);
  figures.allocatable.set_dedicated_cpus(dedicated);
  figures.allocated.set_dedicated_cpus(charged);
  figures.capacity.set_memory_mib(node.memory_mib);
  figures.reserved.set_memory_mib(node.reserved_memory_mib);
  figures.allocatable.set_memory_mib(book.small_limit_mib);
  figures.allocated.set_memory_mib(book.small_used_mib);
  for (const placement::PoolBook& pool : book.pools) {
    AddPages(figures.capacity, pool.size_kib, pool.total);
    AddPages(figures.allocatable, pool.size_kib, pool.total);
    AddPages(figures.allocated, pool.size_kib, pool.total - pool.free);
  }
  return figures;
}

void AddUp(const v1::Resources& from, v1::Resources& to) {
  to.set_cpus(to.cpus() + from.cpus());
  to.set_shared_vcpus(to.shared_vcpus() + from.shared_vcpus());
  to.set_dedicated_cpus(to.dedicated_cpus() + from.dedicated_cpus());
  for (const v1::PageCount& pages : from.pages()) {
    bool found = false;
    for (v1::PageCount& sum : *to.mutable_pages()) {
      if (sum.size_kib() != pages.size_kib()) continue;
      sum.set_count(sum.count() + pages.count());
      found = true;
    }
    if (!found) *to.add_pages() = pages;
  }
}

void FillResources(const NodeInfo& info, v1::Node& out) {
  const model::Capacity& capacity = info.capacity;
  Fill(capacity.total, *out.mutable_capacity());
  Fill(capacity.reserved, *out.mutable_reserved());
  Fill(capacity.Allocatable(), *out.mutable_allocatable());
  Fill(info.allocated, *out.mutable_allocated());
  for (size_t i = 0; i < info.host->spec().nodes.size(); ++i) {
    const NodeFigures figures = FiguresOf(*info.host, i);
    AddUp(figures.capacity, *out.mutable_capacity());
    AddUp(figures.reserved, *out.mutable_reserved());
    AddUp(figures.allocatable, *out.mutable_allocatable());
    AddUp(figures.allocated, *out.mutable_allocated());
    v1::NumaNodeResources& added = *out.add_numa_resources();
    added.set_node_id(info.host->spec().nodes[i].id);
    *added.mutable_capacity() = figures.capacity;
    *added.mutable_reserved() = figures.reserved;
    *added.mutable_allocatable() = figures.allocatable;
    *added.mutable_allocated() = figures.allocated;
  }
  out.set_cpu_overcommit(capacity.cpu_overcommit);
  out.set_memory_overcommit(1.0);
  out.set_disk_overcommit(1.0);
}

v1::ForeignGuest FromForeign(const model::ForeignGuest& guest, const model::Claim& claim) {
  v1::ForeignGuest out;
  out.set_domain_uuid(guest.uuid);
  out.set_name(guest.name);
  out.set_vcpus(guest.vcpus);
  out.set_memory_mib(guest.memory_mib);
  *out.mutable_placement() = FromPlacement(claim.placement, 0, 0);
  for (const std::string& device : guest.holds.devices) out.add_devices(device);
  return out;
}

// Node.features: parts of the contract beyond the plain instance verbs.
constexpr std::array kFeatures = {"plan", "headroom", "claims", "reservations", "batch"};

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
  *out.mutable_topology() = FromTopology(info.topology, *info.host);
  FillResources(info, out);
  FillConditions(facts, out);
  FillHypervisor(info.hypervisor, *out.mutable_hypervisor());
  for (size_t i = 0; i < info.foreign->guests.size(); ++i)
    *out.add_foreign_guests() = FromForeign(info.foreign->guests[i], info.foreign->claims[i]);
  for (const char* feature : kFeatures) out.add_features(feature);
  out.set_cordoned(info.cordoned);
  out.mutable_labels()->insert(facts.labels.begin(), facts.labels.end());
  out.set_revision(info.revision);
  return out;
}

namespace {

v1::Claim::OwnerKind FromOwner(model::ClaimOwner owner) {
  switch (owner) {
    case model::ClaimOwner::kInstance:
      return v1::Claim::OWNER_KIND_INSTANCE;
    case model::ClaimOwner::kReservation:
      return v1::Claim::OWNER_KIND_RESERVATION;
    case model::ClaimOwner::kForeignGuest:
      return v1::Claim::OWNER_KIND_FOREIGN_GUEST;
    case model::ClaimOwner::kImage:
      return v1::Claim::OWNER_KIND_STORAGE;
  }
  return v1::Claim::OWNER_KIND_UNSPECIFIED;
}

}  // namespace

v1::Claim FromClaim(const model::Claim& claim) {
  v1::Claim out;
  out.set_claim_id(claim.id);
  out.set_owner_kind(FromOwner(claim.owner));
  out.set_owner_id(claim.owner_id);
  out.set_tenant_id(claim.tenant_id);
  *out.mutable_placement() =
      FromPlacement(claim.placement, claim.overhead_mib, claim.held.disk_mib);
  if (claim.created != WallTime{}) *out.mutable_create_time() = ToTimestamp(claim.created);
  if (claim.expires) *out.mutable_expire_time() = ToTimestamp(*claim.expires);
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
