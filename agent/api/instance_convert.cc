// SPDX-License-Identifier: Apache-2.0
#include "agent/api/instance_convert.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>

#include "agent/api/shape_convert.h"
#include "agent/api/spec_convert.h"
#include "agent/api/time_convert.h"
#include "agent/instance/lifecycle.h"
#include "core/base/check.h"
#include "core/base/ids.h"

namespace berth::api {
namespace {

v1::InstanceIntent FromIntent(model::Intent intent) {
  switch (intent) {
    case model::Intent::kRunning:
      return v1::INSTANCE_INTENT_RUNNING;
    case model::Intent::kStopped:
      return v1::INSTANCE_INTENT_STOPPED;
    case model::Intent::kTerminated:
      return v1::INSTANCE_INTENT_TERMINATED;
  }
  return v1::INSTANCE_INTENT_UNSPECIFIED;
}

std::string Sha256Hex(const std::string& bytes) {
  std::array<unsigned char, 32> digest{};
  const int done =
      EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  BERTH_CHECK(done == 1, "libcrypto has SHA-256");
  std::string hex;
  for (const unsigned char byte : digest) hex += fmt::format("{:02x}", byte);
  return hex;
}

bool HasGuest(model::InstanceState state) {
  return state == model::InstanceState::kRunning || state == model::InstanceState::kStopping;
}

void FillPlacement(const model::InstanceRecord& record, v1::InstanceStatus& out) {
  if (record.run_claim_id.empty() && record.disk_claim_id.empty()) return;
  *out.mutable_placement() =
      FromPlacement(record.placement, record.overhead_mib, record.claimed_disk_mib);
}

void FillStatus(const model::InstanceRecord& record, v1::InstanceStatus& out) {
  out.set_state(FromState(record.state));
  out.mutable_state_reason()->set_code(record.state_reason.code);
  out.mutable_state_reason()->set_message(record.state_reason.message);
  if (record.state_time != WallTime{}) *out.mutable_state_time() = ToTimestamp(record.state_time);
  out.set_observed_generation(record.observed_generation);
  if (record.observed_time != WallTime{})
    *out.mutable_observed_time() = ToTimestamp(record.observed_time);
  out.set_reachable(record.reachable);
  FillPlacement(record, out);
  out.set_boot_count(record.boot_count);
  out.set_recent_recovery_count(static_cast<int32_t>(record.recoveries.size()));
  if (HasGuest(record.state)) {
    out.mutable_guest()->set_domain_uuid(DomainUuid(record.id));
    out.mutable_guest()->set_domain_name(record.id);
    out.mutable_guest()->set_pid(record.guest_pid);
    out.mutable_guest()->set_accelerator(FromAccel(record.accel));
  }
  // The one interface with user-mode networking that every instance has for now; its address
  // follows from the instance's id.
  out.add_network_interfaces()->set_mac_address(MacAddress(record.id));
  if (!record.spec.first_boot.user_data.empty())
    out.set_user_data_sha256(Sha256Hex(record.spec.first_boot.user_data));
  *out.mutable_resolved_shape() = FromShape(record.spec.shape);
}

}  // namespace

v1::Instance FromRecord(const model::InstanceRecord& record, bool operation_runs) {
  v1::Instance out;
  out.set_instance_id(record.id);
  *out.mutable_spec() = FromSpec(record.spec);
  FillStatus(record, *out.mutable_status());
  if (operation_runs) out.mutable_status()->set_operation(record.operation_id);
  out.set_intent(FromIntent(record.intent));
  out.set_generation(record.generation);
  out.set_etag(EtagOf(record));
  if (record.created != WallTime{}) *out.mutable_create_time() = ToTimestamp(record.created);
  if (record.terminated) *out.mutable_terminate_time() = ToTimestamp(*record.terminated);
  out.set_revision(record.revision);
  return out;
}

v1::Instance FromVerb(const model::InstanceRecord& record) {
  return FromRecord(record, IsTransitional(record.state));
}

bool IsTransitional(model::InstanceState state) {
  return state == model::InstanceState::kPending || state == model::InstanceState::kStopping ||
         state == model::InstanceState::kShuttingDown;
}

v1::InstanceState FromState(model::InstanceState state) {
  switch (state) {
    case model::InstanceState::kPending:
      return v1::INSTANCE_STATE_PENDING;
    case model::InstanceState::kRunning:
      return v1::INSTANCE_STATE_RUNNING;
    case model::InstanceState::kStopping:
      return v1::INSTANCE_STATE_STOPPING;
    case model::InstanceState::kStopped:
      return v1::INSTANCE_STATE_STOPPED;
    case model::InstanceState::kShuttingDown:
      return v1::INSTANCE_STATE_SHUTTING_DOWN;
    case model::InstanceState::kTerminated:
      return v1::INSTANCE_STATE_TERMINATED;
  }
  return v1::INSTANCE_STATE_UNSPECIFIED;
}

std::optional<model::InstanceState> ToState(int state) {
  switch (state) {
    case v1::INSTANCE_STATE_PENDING:
      return model::InstanceState::kPending;
    case v1::INSTANCE_STATE_RUNNING:
      return model::InstanceState::kRunning;
    case v1::INSTANCE_STATE_STOPPING:
      return model::InstanceState::kStopping;
    case v1::INSTANCE_STATE_STOPPED:
      return model::InstanceState::kStopped;
    case v1::INSTANCE_STATE_SHUTTING_DOWN:
      return model::InstanceState::kShuttingDown;
    case v1::INSTANCE_STATE_TERMINATED:
      return model::InstanceState::kTerminated;
    default:
      return std::nullopt;
  }
}

v1::Accelerator FromAccel(const std::string& accel) {
  if (accel == "kvm") return v1::ACCELERATOR_KVM;
  if (accel == "tcg") return v1::ACCELERATOR_TCG;
  return v1::ACCELERATOR_UNSPECIFIED;
}

}  // namespace berth::api
