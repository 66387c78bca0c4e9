// SPDX-License-Identifier: Apache-2.0
// Metrics that grow by events: one struct for each module that tells them. A module never sees
// these; main fills its small observer struct with calls to them. Thread-safe.
//
// Label values are bounded: they come from enums and from lists of the code, never from requests.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <chrono>
#include <string>

#include "core/base/clock.h"
#include "core/base/status.h"
#include "core/model/operation.h"

namespace berth {

// agent/instance: how long operations and their steps took.
class InstanceMetrics {
 public:
  explicit InstanceMetrics(prometheus::Registry& registry);
  void StepEnded(model::StepKind kind, bool ok, Duration took);
  // `operation` is final.
  void OperationEnded(const model::Operation& operation);

 private:
  prometheus::Family<prometheus::Histogram>& steps_;
  prometheus::Family<prometheus::Histogram>& operations_;
};

// agent/node: what was refused, and what ran out.
class AdmissionMetrics {
 public:
  explicit AdmissionMetrics(prometheus::Registry& registry);
  // `reason` is of core/base/reasons.h.
  void Refused(const std::string& reason);
  void ReservationsExpired(int64_t count);

 private:
  prometheus::Family<prometheus::Counter>& refusals_;
  prometheus::Counter& reservations_expired_;
};

// agent/images: what was wanted of the cache, and what was brought.
class ImageMetrics {
 public:
  explicit ImageMetrics(prometheus::Registry& registry);
  // `hit`: it was here, or on its way.
  void Wanted(bool hit);
  void Brought(int64_t bytes);

 private:
  prometheus::Counter& hits_;
  prometheus::Counter& misses_;
  prometheus::Counter& brought_bytes_;
};

// agent/ledger: what a commit costs.
class LedgerMetrics {
 public:
  explicit LedgerMetrics(prometheus::Registry& registry);
  // `transactions` shared the commit.
  void Committed(std::chrono::nanoseconds took, size_t transactions);

 private:
  prometheus::Histogram& duration_;
  prometheus::Counter& transactions_;
};

// agent/api: calls by method and code.
class RpcMetrics {
 public:
  explicit RpcMetrics(prometheus::Registry& registry);
  // `method` is one that the contract has.
  void CallEnded(const std::string& method, StatusCode code, std::chrono::nanoseconds took);

 private:
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Histogram>& duration_;
};

}  // namespace berth
