// SPDX-License-Identifier: Apache-2.0
#include "agent/telemetry/metrics.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <iterator>
#include <sstream>

namespace berth {
namespace {

void Append(MetricFamilies more, MetricFamilies& families) {
  families.insert(families.end(), std::make_move_iterator(more.begin()),
                  std::make_move_iterator(more.end()));
}

}  // namespace

Metrics::Metrics(const std::string& version)
    : instances(registry_),
      admission(registry_),
      images(registry_),
      ledger(registry_),
      rpc(registry_) {
  AddSource([version] {
    return MetricFamilies{FamilyBuilder::Gauge("berth_build_info", "Version of the agent.")
                              .Add({{"version", version}}, 1)
                              .Done()};
  });
}

std::string Metrics::Render() const {
  MetricFamilies families = registry_.Collect();
  for (const Source& source : sources_) Append(source(), families);
  // A family without a metric yet would be a HELP line of nothing.
  std::erase_if(families, [](const auto& family) { return family.metric.empty(); });
  std::sort(families.begin(), families.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return out.str();
}

}  // namespace berth
