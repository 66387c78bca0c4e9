// SPDX-License-Identifier: Apache-2.0
// Metric families made at scrape time from values that exist anyway (a view, the driver's health),
// so that nothing has to be kept in step. Names follow Prometheus's rules: base units, the unit
// last, _total for counters only (tests/integration runs promtool over them). Pure.
#pragma once

#include <prometheus/metric_family.h>

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace berth {

using MetricFamilies = std::vector<prometheus::MetricFamily>;
using MetricLabels = std::initializer_list<std::pair<std::string, std::string>>;

class FamilyBuilder {
 public:
  static FamilyBuilder Gauge(std::string name, std::string help);
  static FamilyBuilder Counter(std::string name, std::string help);

  FamilyBuilder&& Add(MetricLabels labels, double value) &&;
  void Add(MetricLabels labels, double value) &;
  prometheus::MetricFamily Done() && { return std::move(family_); }

 private:
  FamilyBuilder(std::string name, std::string help, prometheus::MetricType type);
  prometheus::MetricFamily family_;
};

// A gauge with one value and no labels.
prometheus::MetricFamily SingleGauge(std::string name, std::string help, double value);

}  // namespace berth
