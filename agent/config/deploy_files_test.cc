// SPDX-License-Identifier: Apache-2.0
// What is installed with the agent must be readable by it, and the sample must tell the truth.
#include <gmock/gmock.h>

#include <fstream>
#include <set>
#include <sstream>

#include "agent/config/parse.h"
#include "core/catalogue/instance_types.h"

namespace berth {
namespace {

std::string ReadDeployFile(const std::string& name) {
  std::ifstream file(std::string(BERTH_DEPLOY_DIR) + "/" + name);
  EXPECT_TRUE(file.is_open()) << name;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(DeployFilesTest, TheSampleConfigShowsExactlyTheDefaults) {
  const auto config = ParseConfig(ReadDeployFile("berthd.json"));
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(PrintConfig(*config), PrintConfig(Config{}));
}

TEST(DeployFilesTest, TheCatalogueHasTheFourFamilies) {
  const auto types = ParseInstanceTypes(ReadDeployFile("instance-types.json"));
  ASSERT_TRUE(types.ok()) << types.status();
  std::set<std::string> families;
  for (const auto& type : *types) families.insert(type.family);
  EXPECT_THAT(families, testing::UnorderedElementsAre("burstable", "general", "compute", "memory"));
}

// systemd's groups of system calls leave these out, and without them no disk is made (the emulated
// host's cases run under the unit, and by hand alone).
TEST(DeployFilesTest, TheUnitLetsTheAgentConfineItsPrograms) {
  const std::string unit = ReadDeployFile("../systemd/berthd.service");
  for (const char* call :
       {"seccomp", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"})
    EXPECT_THAT(unit, testing::ContainsRegex(std::string("\nSystemCallFilter=[^\n]*") + call));
}

}  // namespace
}  // namespace berth
