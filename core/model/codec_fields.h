// SPDX-License-Identifier: Apache-2.0
// The members of each stored type, listed once: the encoder and the decoder of codec.cc both visit
// these lists, so they cannot disagree. `visit(name, member)` is called for every member.
//
// A member added, renamed or removed here changes what older ledgers hold: it needs a migration
// (agent/ledger/schema.cc).
#pragma once

#include <concepts>
#include <type_traits>

#include "core/model/batch_outcome.h"
#include "core/model/claim.h"
#include "core/model/event.h"
#include "core/model/image.h"
#include "core/model/instance_record.h"
#include "core/model/operation.h"
#include "core/model/reservation.h"

namespace berth::model {

// `T` is `Value` or const Value: one list serves reading and writing.
template <typename T, typename Value>
concept Is = std::same_as<std::remove_const_t<T>, Value>;

void Fields(auto& visit, Is<PageSize> auto& v) {
  visit("kind", v.kind);
  visit("kib", v.kib);
}

void Fields(auto& visit, Is<GuestCell> auto& v) {
  visit("dedicated_vcpus", v.dedicated_vcpus);
  visit("shared_vcpus", v.shared_vcpus);
  visit("memory_mib", v.memory_mib);
  visit("page_size", v.page_size);
}

void Fields(auto& visit, Is<Numa> auto& v) {
  visit("kind", v.kind);
  visit("cells", v.cells);
  visit("explicit_cells", v.explicit_cells);
}

void Fields(auto& visit, Is<DeviceDemand> auto& v) {
  visit("kind", v.kind);
  visit("model", v.model);
  visit("count", v.count);
  visit("affinity", v.affinity);
}

void Fields(auto& visit, Is<PlacedCell> auto& v) {
  visit("node", v.node);
  visit("vcpu_pins", v.vcpu_pins);
  visit("shared_vcpus", v.shared_vcpus);
  visit("charged_cpus", v.charged_cpus);
  visit("memory_mib", v.memory_mib);
  visit("page_size_kib", v.page_size_kib);
}

void Fields(auto& visit, Is<Placement> auto& v) {
  visit("cells", v.cells);
  visit("emulator_cpus", v.emulator_cpus);
  visit("devices", v.devices);
  visit("optimal", v.optimal);
}

void Fields(auto& visit, Is<Shape> auto& v) {
  visit("vcpus", v.vcpus);
  visit("memory_mib", v.memory_mib);
  visit("cpu_policy", v.cpu_policy);
  visit("dedicated_vcpus", v.dedicated_vcpus);
  visit("smt_policy", v.smt_policy);
  visit("core_sharing", v.core_sharing);
  visit("emulator_policy", v.emulator_policy);
  visit("page_size", v.page_size);
  visit("numa", v.numa);
  visit("node_set", v.node_set);
  visit("devices", v.devices);
  visit("reserve_when_stopped", v.reserve_when_stopped);
}

void Fields(auto& visit, Is<BootSource> auto& v) {
  visit("image", v.image);
  visit("kernel", v.kernel);
  visit("initrd", v.initrd);
  visit("command_line", v.command_line);
}

void Fields(auto& visit, Is<FirstBoot> auto& v) {
  visit("hostname", v.hostname);
  visit("ssh_authorized_keys", v.ssh_authorized_keys);
  visit("user_data", v.user_data);
  visit("network_config", v.network_config);
}

void Fields(auto& visit, Is<Platform> auto& v) {
  visit("cpu_model_policy", v.cpu_model_policy);
  visit("cpu_model", v.cpu_model);
}

void Fields(auto& visit, Is<InstanceSpec> auto& v) {
  visit("name", v.name);
  visit("tenant_id", v.tenant_id);
  visit("tags", v.tags);
  visit("instance_type", v.instance_type);
  visit("shape", v.shape);
  visit("boot", v.boot);
  visit("root_disk_mib", v.root_disk_mib);
  visit("first_boot", v.first_boot);
  visit("platform", v.platform);
  visit("autostart", v.autostart);
  visit("auto_recover", v.auto_recover);
  visit("shutdown_behavior", v.shutdown_behavior);
  visit("crash_behavior", v.crash_behavior);
  visit("termination_protection", v.termination_protection);
}

void Fields(auto& visit, Is<StateReason> auto& v) {
  visit("code", v.code);
  visit("message", v.message);
}

void Fields(auto& visit, Is<ResizedFrom> auto& v) {
  visit("instance_type", v.instance_type);
  visit("shape", v.shape);
  visit("run_claim_id", v.run_claim_id);
  visit("placement", v.placement);
  visit("overhead_mib", v.overhead_mib);
}

void Fields(auto& visit, Is<InstanceRecord> auto& v) {
  visit("id", v.id);
  visit("spec", v.spec);
  visit("intent", v.intent);
  visit("generation", v.generation);
  visit("state", v.state);
  visit("state_reason", v.state_reason);
  visit("state_time", v.state_time);
  visit("observed_generation", v.observed_generation);
  visit("observed_time", v.observed_time);
  visit("reachable", v.reachable);
  visit("recoveries", v.recoveries);
  visit("boot_count", v.boot_count);
  visit("boot_id", v.boot_id);
  visit("accel", v.accel);
  visit("guest_pid", v.guest_pid);
  visit("operation_id", v.operation_id);
  visit("run_claim_id", v.run_claim_id);
  visit("disk_claim_id", v.disk_claim_id);
  visit("placement", v.placement);
  visit("overhead_mib", v.overhead_mib);
  visit("claimed_disk_mib", v.claimed_disk_mib);
  visit("resized_from", v.resized_from);
  visit("created", v.created);
  visit("terminated", v.terminated);
  visit("revision", v.revision);
}

void Fields(auto& visit, Is<Error> auto& v) {
  visit("code", v.code);
  visit("reason", v.reason);
  visit("message", v.message);
}

void Fields(auto& visit, Is<BatchEntry> auto& v) {
  visit("instance", v.instance);
  visit("error", v.error);
  visit("metadata", v.metadata);
}

void Fields(auto& visit, Is<BatchOutcome> auto& v) { visit("entries", v.entries); }

void Fields(auto& visit, Is<Step> auto& v) {
  visit("kind", v.kind);
  visit("state", v.state);
  visit("attempts", v.attempts);
  visit("started", v.started);
  visit("ended", v.ended);
  visit("last_error", v.last_error);
}

void Fields(auto& visit, Is<Operation> auto& v) {
  visit("id", v.id);
  visit("instance_id", v.target);
  visit("kind", v.kind);
  visit("state", v.state);
  visit("principal", v.principal);
  visit("request_id", v.request_id);
  visit("steps", v.steps);
  visit("grace_ms", v.grace);
  visit("generation", v.generation);
  visit("deadline", v.deadline);
  visit("created", v.created);
  visit("ended", v.ended);
  visit("error", v.error);
}

void Fields(auto& visit, Is<Resources> auto& v) {
  visit("vcpus", v.vcpus);
  visit("memory_mib", v.memory_mib);
  visit("disk_mib", v.disk_mib);
  visit("dedicated_cpus", v.dedicated_cpus);
}

void Fields(auto& visit, Is<Claim> auto& v) {
  visit("id", v.id);
  visit("owner", v.owner);
  visit("owner_id", v.owner_id);
  visit("held", v.held);
  visit("overhead_mib", v.overhead_mib);
  visit("tenant_id", v.tenant_id);
  visit("core_sharing", v.core_sharing);
  visit("placement", v.placement);
  visit("created", v.created);
  visit("expires", v.expires);
}

void Fields(auto& visit, Is<Reservation> auto& v) {
  visit("id", v.id);
  visit("state", v.state);
  visit("tenant_id", v.tenant_id);
  visit("instance_type", v.instance_type);
  visit("shape", v.shape);
  visit("disk_mib", v.disk_mib);
  visit("run_claim_id", v.run_claim_id);
  visit("disk_claim_id", v.disk_claim_id);
  visit("placement", v.placement);
  visit("overhead_mib", v.overhead_mib);
  visit("claimed_disk_mib", v.claimed_disk_mib);
  visit("instance_id", v.instance_id);
  visit("created", v.created);
  visit("expires", v.expires);
  visit("ended", v.ended);
  visit("revision", v.revision);
}

void Fields(auto& visit, Is<ImageSource> auto& v) {
  visit("url", v.url);
  visit("path", v.path);
  visit("sha256", v.sha256);
  visit("sha512", v.sha512);
  visit("format", v.format);
}

void Fields(auto& visit, Is<Image> auto& v) {
  visit("id", v.id);
  visit("name", v.name);
  visit("state", v.state);
  visit("state_message", v.state_message);
  visit("source", v.source);
  visit("pinned", v.pinned);
  visit("format", v.format);
  visit("virtual_bytes", v.virtual_bytes);
  visit("file_bytes", v.file_bytes);
  visit("sha256", v.sha256);
  visit("sha512", v.sha512);
  visit("disk_claim_id", v.disk_claim_id);
  visit("last_used", v.last_used);
  visit("operation_id", v.operation_id);
  visit("created", v.created);
  visit("ended", v.ended);
  visit("revision", v.revision);
}

void Fields(auto& visit, Is<Event> auto& v) {
  visit("type", v.type);
  visit("message", v.message);
  visit("attributes", v.attributes);
  visit("principal", v.principal);
  visit("request_id", v.request_id);
  visit("operation_id", v.operation_id);
}

}  // namespace berth::model
