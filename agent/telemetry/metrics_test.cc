// SPDX-License-Identifier: Apache-2.0
#include "agent/telemetry/metrics.h"

#include <gmock/gmock.h>

#include "agent/telemetry/hypervisor_metrics.h"
#include "agent/telemetry/node_metrics.h"
#include "core/base/reasons.h"

namespace berth {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(MetricsTest, CapacityIsShownInBaseUnitsOneMetricForEach) {
  Metrics metrics("1.2.3");
  const model::Capacity capacity = {.total = {.vcpus = 8, .memory_mib = 1024, .disk_mib = 2048},
                                    .reserved = {.vcpus = 2, .memory_mib = 24, .disk_mib = 48},
                                    .cpu_overcommit = 2.0};
  metrics.AddSource([&] { return CapacityFamilies(capacity, {.vcpus = 3, .memory_mib = 512}); });
  EXPECT_THAT(metrics.Render(), AllOf(HasSubstr("\nberth_node_capacity_vcpus 8\n"),
                                      HasSubstr("\nberth_node_reserved_memory_bytes 25165824\n"),
                                      HasSubstr("\nberth_node_allocatable_vcpus 12\n"),
                                      HasSubstr("\nberth_node_allocatable_disk_bytes 2097152000\n"),
                                      HasSubstr("\nberth_node_allocated_memory_bytes 536870912\n"),
                                      HasSubstr("berth_build_info{version=\"1.2.3\"} 1\n")));
}

TEST(MetricsTest, InstancesAreCountedByStateAndAbsentStatesAreZero) {
  model::NodeView view;
  view.revision = 7;
  for (const char* id : {"i-1", "i-2"}) {
    auto record = std::make_shared<model::InstanceRecord>();
    record->state = model::InstanceState::kRunning;
    view.instances.Put(id, record);
  }
  Metrics metrics("1");
  metrics.AddSource([&] { return ViewFamilies(view); });
  EXPECT_THAT(metrics.Render(), AllOf(HasSubstr("berth_instances{state=\"RUNNING\"} 2\n"),
                                      HasSubstr("berth_instances{state=\"PENDING\"} 0\n"),
                                      HasSubstr("berth_ledger_revision 7\n")));
}

TEST(MetricsTest, EachConditionHasItsStatus) {
  Metrics metrics("1");
  metrics.AddSource([] {
    return ConditionFamilies({{.type = "Ready", .status = model::ConditionStatus::kFalse}});
  });
  const std::string text = metrics.Render();
  EXPECT_THAT(text, HasSubstr("berth_node_condition{condition=\"Ready\",status=\"false\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("berth_node_condition{condition=\"Ready\",status=\"true\"} 0\n"));
}

TEST(MetricsTest, TheHypervisorIsUpOrDown) {
  HypervisorHealth health;
  health.stuck_guests = {"i-1"};
  Metrics metrics("1");
  metrics.AddSource([&] { return HypervisorFamilies(health); });
  EXPECT_THAT(metrics.Render(), AllOf(HasSubstr("berth_libvirt_up 0\n"),
                                      HasSubstr("berth_hypervisor_stuck_guests 1\n")));
  health.connected = true;
  EXPECT_THAT(metrics.Render(), HasSubstr("berth_libvirt_up 1\n"));
}

TEST(MetricsTest, DurationsFallIntoTheirBuckets) {
  Metrics metrics("1");
  metrics.instances.StepEnded(model::StepKind::kDefine, /*ok=*/true, milliseconds(200));
  model::Operation operation;
  operation.kind = model::OperationKind::kCreate;
  operation.state = model::OperationState::kFailed;
  operation.created = WallTime(milliseconds(1000));
  operation.ended = WallTime(milliseconds(3000));
  metrics.instances.OperationEnded(operation);
  metrics.ledger.Committed(milliseconds(2), 3);
  EXPECT_THAT(
      metrics.Render(),
      AllOf(HasSubstr(
                "berth_step_duration_seconds_bucket{result=\"ok\",step=\"define\",le=\"0.1\"} 0"),
            HasSubstr(
                "berth_step_duration_seconds_bucket{result=\"ok\",step=\"define\",le=\"0.3\"} 1"),
            HasSubstr(
                "berth_operation_duration_seconds_sum{operation=\"create\",result=\"failed\"} 2\n"),
            HasSubstr("berth_ledger_commit_duration_seconds_count 1\n"),
            HasSubstr("berth_ledger_transactions_total 3\n")));
}

TEST(MetricsTest, RefusalsAndCallsAreCountedByReasonAndCode) {
  Metrics metrics("1");
  metrics.admission.Refused(reasons::kInsufficientCapacity);
  metrics.rpc.CallEnded("GetNode", StatusCode::kOk, milliseconds(1));
  metrics.AddSource([] {
    return RecoveryFamilies({.runs = 3,
                             .failures = 1,
                             .compared = WallTime(milliseconds(1500)),
                             .differences = {{"guest_missing", 2}, {"guest_off", 0}}});
  });
  EXPECT_THAT(
      metrics.Render(),
      AllOf(HasSubstr("berth_admission_refusals_total{reason=\"INSUFFICIENT_CAPACITY\"} 1\n"),
            HasSubstr("berth_admission_refusals_total{reason=\"IMAGE_INVALID\"} 0\n"),
            HasSubstr("berth_grpc_requests_total{code=\"OK\",method=\"GetNode\"} 1\n"),
            HasSubstr("berth_recovery_differences{kind=\"guest_missing\"} 2\n"),
            HasSubstr("berth_recovery_differences{kind=\"guest_off\"} 0\n"),
            HasSubstr("berth_recovery_runs_total 3\n"),
            HasSubstr("berth_recovery_last_success_timestamp_seconds 1.5\n")));
}

TEST(MetricsTest, AFamilyWithoutValuesIsNotShown) {
  Metrics metrics("1");
  EXPECT_THAT(metrics.Render(), Not(HasSubstr("berth_step_duration_seconds")));
}

}  // namespace
}  // namespace berth
