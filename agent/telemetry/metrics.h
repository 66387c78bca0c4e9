// SPDX-License-Identifier: Apache-2.0
// Every metric of the agent in one place: those that grow by events, and those that are read from
// the latest values at each scrape. A scrape never asks the ledger's thread or the hypervisor.
//
// Thread-safe once the sources are added.
#pragma once

#include <prometheus/registry.h>

#include <functional>
#include <string>
#include <vector>

#include "agent/telemetry/event_metrics.h"
#include "agent/telemetry/families.h"

namespace berth {

class Metrics {
 public:
  // Called at each scrape, from any thread; must not block.
  using Source = std::function<MetricFamilies()>;

  // `version` is shown by berth_build_info.
  explicit Metrics(const std::string& version);
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Before the first Render.
  void AddSource(Source source) { sources_.push_back(std::move(source)); }

  // Everything in Prometheus's text format (kContentType).
  std::string Render() const;
  static constexpr char kContentType[] = "text/plain; version=0.0.4; charset=utf-8";

 private:
  prometheus::Registry registry_;
  std::vector<Source> sources_;

 public:
  InstanceMetrics instances;
  AdmissionMetrics admission;
  ImageMetrics images;
  LedgerMetrics ledger;
  RpcMetrics rpc;
};

}  // namespace berth
