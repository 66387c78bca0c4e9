// SPDX-License-Identifier: Apache-2.0
#include "agent/telemetry/event_metrics.h"

#include "core/base/error.h"
#include "core/base/reasons.h"
#include "core/model/names.h"

namespace berth {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildHistogram;
using prometheus::Histogram;
using std::chrono::duration;

// Boots and their steps take milliseconds to minutes, calls and commits microseconds to seconds.
Histogram::BucketBoundaries WorkBuckets() { return {0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300}; }
Histogram::BucketBoundaries CallBuckets() { return {0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60}; }
Histogram::BucketBoundaries CommitBuckets() {
  return {0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 1};
}

double Seconds(std::chrono::nanoseconds took) { return duration<double>(took).count(); }

}  // namespace

InstanceMetrics::InstanceMetrics(prometheus::Registry& registry)
    : steps_(BuildHistogram()
                 .Name("berth_step_duration_seconds")
                 .Help("Time that steps of operations took, by step and result.")
                 .Register(registry)),
      operations_(BuildHistogram()
                      .Name("berth_operation_duration_seconds")
                      .Help("Time from the acceptance of an operation to its end.")
                      .Register(registry)) {}

void InstanceMetrics::StepEnded(model::StepKind kind, bool ok, Duration took) {
  steps_
      .Add({{"step", std::string(model::Name(kind))}, {"result", ok ? "ok" : "error"}},
           WorkBuckets())
      .Observe(Seconds(took));
}

void InstanceMetrics::OperationEnded(const model::Operation& operation) {
  const Duration took = operation.ended.value_or(operation.created) - operation.created;
  operations_
      .Add({{"operation", std::string(model::Name(operation.kind))},
            {"result", std::string(model::Name(operation.state))}},
           WorkBuckets())
      .Observe(Seconds(took));
}

AdmissionMetrics::AdmissionMetrics(prometheus::Registry& registry)
    : refusals_(BuildCounter()
                    .Name("berth_admission_refusals_total")
                    .Help("Requests that the node refused, by reason.")
                    .Register(registry)),
      reservations_expired_(BuildCounter()
                                .Name("berth_reservations_expired_total")
                                .Help("Reservations whose time ran out before they were used.")
                                .Register(registry)
                                .Add({})) {
  // Known from the first scrape on, so that a rate over them is never missing.
  for (const char* reason : {reasons::kInsufficientCapacity, reasons::kInvalidField,
                             reasons::kImageNotFound, reasons::kImageInvalid})
    refusals_.Add({{"reason", reason}});
}

void AdmissionMetrics::Refused(const std::string& reason) {
  refusals_.Add({{"reason", reason.empty() ? "UNKNOWN" : reason}}).Increment();
}

void AdmissionMetrics::ReservationsExpired(int64_t count) {
  reservations_expired_.Increment(static_cast<double>(count));
}

namespace {

prometheus::Family<prometheus::Counter>& ImageRequests(prometheus::Registry& registry) {
  return BuildCounter()
      .Name("berth_image_requests_total")
      .Help("Pulls and imports that were taken: hit, the image was here or on its way, or miss.")
      .Register(registry);
}

}  // namespace

ImageMetrics::ImageMetrics(prometheus::Registry& registry)
    : hits_(ImageRequests(registry).Add({{"result", "hit"}})),
      misses_(ImageRequests(registry).Add({{"result", "miss"}})),
      brought_bytes_(BuildCounter()
                         .Name("berth_image_brought_bytes_total")
                         .Help("Bytes of images that were pulled or imported whole.")
                         .Register(registry)
                         .Add({})) {}

void ImageMetrics::Wanted(bool hit) { (hit ? hits_ : misses_).Increment(); }

void ImageMetrics::Brought(int64_t bytes) { brought_bytes_.Increment(static_cast<double>(bytes)); }

LedgerMetrics::LedgerMetrics(prometheus::Registry& registry)
    : duration_(BuildHistogram()
                    .Name("berth_ledger_commit_duration_seconds")
                    .Help("Time that commits of the ledger took, fsync included.")
                    .Register(registry)
                    .Add({}, CommitBuckets())),
      transactions_(BuildCounter()
                        .Name("berth_ledger_transactions_total")
                        .Help("Transactions made durable; several may share a commit.")
                        .Register(registry)
                        .Add({})) {}

void LedgerMetrics::Committed(std::chrono::nanoseconds took, size_t transactions) {
  duration_.Observe(Seconds(took));
  transactions_.Increment(static_cast<double>(transactions));
}

RpcMetrics::RpcMetrics(prometheus::Registry& registry)
    : requests_(BuildCounter()
                    .Name("berth_grpc_requests_total")
                    .Help("Calls that have ended, by method and code.")
                    .Register(registry)),
      duration_(BuildHistogram()
                    .Name("berth_grpc_request_duration_seconds")
                    .Help("Time from a call's arrival to its answer.")
                    .Register(registry)) {}

void RpcMetrics::CallEnded(const std::string& method, StatusCode code,
                           std::chrono::nanoseconds took) {
  requests_.Add({{"method", method}, {"code", std::string(CodeName(code))}}).Increment();
  duration_.Add({{"method", method}}, CallBuckets()).Observe(Seconds(took));
}

}  // namespace berth
