// SPDX-License-Identifier: Apache-2.0
#include "agent/telemetry/families.h"

namespace berth {

FamilyBuilder::FamilyBuilder(std::string name, std::string help, prometheus::MetricType type) {
  family_.name = std::move(name);
  family_.help = std::move(help);
  family_.type = type;
}

FamilyBuilder FamilyBuilder::Gauge(std::string name, std::string help) {
  return FamilyBuilder(std::move(name), std::move(help), prometheus::MetricType::Gauge);
}

FamilyBuilder FamilyBuilder::Counter(std::string name, std::string help) {
  return FamilyBuilder(std::move(name), std::move(help), prometheus::MetricType::Counter);
}

FamilyBuilder&& FamilyBuilder::Add(MetricLabels labels, double value) && {
  Add(labels, value);
  return std::move(*this);
}

void FamilyBuilder::Add(MetricLabels labels, double value) & {
  prometheus::ClientMetric metric;
  for (const auto& [name, text] : labels) metric.label.push_back({name, text});
  // The serializer reads the one that belongs to the family's type.
  if (family_.type == prometheus::MetricType::Counter)
    metric.counter.value = value;
  else
    metric.gauge.value = value;
  family_.metric.push_back(std::move(metric));
}

prometheus::MetricFamily SingleGauge(std::string name, std::string help, double value) {
  return FamilyBuilder::Gauge(std::move(name), std::move(help)).Add({}, value).Done();
}

}  // namespace berth
