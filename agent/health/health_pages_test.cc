// SPDX-License-Identifier: Apache-2.0
#include "agent/health/health_pages.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace berth {
namespace {

using nlohmann::json;

TEST(HealthPagesTest, LivenessNamesTheStuckLoop) {
  const HealthPage page =
      LivenessPage({{"work", Duration(20), true}, {"ledger", Duration(31000), false}});
  EXPECT_FALSE(page.good);
  const json body = json::parse(page.json);
  EXPECT_EQ(body["alive"], false);
  EXPECT_EQ(body["loops"][1]["name"], "ledger");
  EXPECT_EQ(body["loops"][1]["silent_for_seconds"], 31.0);
  EXPECT_TRUE(LivenessPage({{"work", Duration(20), true}}).good);
}

TEST(HealthPagesTest, ReadinessNamesItsCauses) {
  HealthInputs inputs;
  inputs.hypervisor = {.uri = "qemu:///system", .error = "bad \xff byte"};
  const HealthPage page = ReadinessPage(Evaluate(inputs, {}, WallTime{}));
  EXPECT_FALSE(page.good);
  const json body = json::parse(page.json);
  EXPECT_EQ(body["ready"], false);
  EXPECT_EQ(body["causes"].size(), 3u);
  EXPECT_THAT(body["causes"][0].get<std::string>(), testing::StartsWith("LibvirtReady: "));
  EXPECT_EQ(body["conditions"][0]["type"], "Ready");
  EXPECT_EQ(body["conditions"][0]["since"], "1970-01-01T00:00:00.000Z");
}

TEST(HealthPagesTest, BeforeTheFirstLookItIsNotReady) {
  const json body = json::parse(ReadinessPage({}).json);
  EXPECT_EQ(body["ready"], false);
  EXPECT_EQ(body["causes"].size(), 1u);
}

}  // namespace
}  // namespace berth
