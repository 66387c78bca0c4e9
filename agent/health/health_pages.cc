// SPDX-License-Identifier: Apache-2.0
#include "agent/health/health_pages.h"

#include <nlohmann/json.hpp>

namespace berth {
namespace {

using nlohmann::ordered_json;

// Words of libvirt and the kernel may hold bytes that are no UTF-8.
std::string Text(const ordered_json& page) {
  return page.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

HealthPage LivenessPage(const std::vector<LoopState>& loops) {
  HealthPage page{.good = true, .json = ""};
  ordered_json list = ordered_json::array();
  for (const LoopState& loop : loops) {
    page.good = page.good && loop.alive;
    list.push_back({{"name", loop.name},
                    {"alive", loop.alive},
                    {"silent_for_seconds", static_cast<double>(loop.silent_for.count()) / 1000}});
  }
  page.json = Text({{"alive", page.good}, {"loops", list}});
  return page;
}

HealthPage ReadinessPage(const HealthReport& report) {
  ordered_json causes = ordered_json::array();
  ordered_json list = ordered_json::array();
  for (const model::Condition& condition : report.conditions) {
    list.push_back({{"type", condition.type},
                    {"status", model::Name(condition.status)},
                    {"reason", condition.reason},
                    {"message", condition.message},
                    {"since", FormatWallTime(condition.since)}});
    const bool counts =
        condition.type != kConditionReady && condition.type != kConditionOverCommitted;
    if (counts && !IsGood(condition)) causes.push_back(condition.type + ": " + condition.message);
  }
  if (report.conditions.empty()) causes.push_back("the agent has just started");
  return {report.ready, Text({{"ready", report.ready}, {"causes", causes}, {"conditions", list}})};
}

}  // namespace berth
