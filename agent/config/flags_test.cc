// SPDX-License-Identifier: Apache-2.0
#include "agent/config/flags.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "agent/config/parse.h"
#include "core/base/error.h"

namespace berth {
namespace {

using testing::HasSubstr;

FlagsOutcome Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "berthd");
  return ParseFlags(static_cast<int>(arguments.size()), arguments.data(), "1.2.3");
}

void AddLeaves(const nlohmann::json& value, const std::string& path,
               std::vector<std::string>& out) {
  if (!value.is_object()) {
    out.push_back(path);
    return;
  }
  for (const auto& [name, member] : value.items())
    AddLeaves(member, path.empty() ? name : path + "." + name, out);
}

TEST(FlagsTest, EverySettingHasAFlag) {
  std::vector<std::string> settings;
  AddLeaves(nlohmann::json::parse(PrintConfig(Config{})), "", settings);
  EXPECT_THAT(FlagPaths(), testing::UnorderedElementsAreArray(settings));
}

TEST(FlagsTest, FlagsOverrideTheFile) {
  const FlagsOutcome outcome =
      Parse({"--state-dir", "/b", "--max-in-flight=9", "--reserved-cpus=2",
             "--reserved-disk-mib=auto", "--cpu-overcommit", "2", "--node-id", "", "--socket-mode",
             "0600", "--destroy-deadline-seconds=7"});
  ASSERT_TRUE(outcome.go_on) << outcome.message;
  const auto config =
      ParseConfig(R"({"state_dir": "/a", "image_dir": "/i"})", outcome.flags.overrides);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->state_dir, "/b");
  EXPECT_EQ(config->image_dir, "/i");
  EXPECT_EQ(config->api.max_in_flight, 9);
  EXPECT_EQ(config->capacity.reserved_cpus, 2);
  EXPECT_EQ(config->capacity.reserved_disk_mib, std::nullopt);
  EXPECT_EQ(config->api.socket_mode, 0600);
  EXPECT_EQ(config->capacity.cpu_overcommit, 2.0);
  EXPECT_EQ(config->hypervisor.deadlines.destroy, std::chrono::seconds(7));
}

TEST(FlagsTest, ABadValueOfAFlagIsAFaultOfItsSetting) {
  const FlagsOutcome outcome = Parse({"--max-in-flight", "many", "--state-dir", "5"});
  ASSERT_TRUE(outcome.go_on);
  const auto config = ParseConfig("{}", outcome.flags.overrides);
  const auto faults = DetailsOf(config.status()).violations;
  ASSERT_EQ(faults.size(), 2u);
  EXPECT_EQ(faults[0].field, "api.max_in_flight");
  EXPECT_THAT(faults[0].description, HasSubstr("is \"many\"; must be a whole number"));
  EXPECT_EQ(faults[1].field, "state_dir");
}

TEST(FlagsTest, AFlagUnderAMemberOfTheWrongKindStillReportsThatMember) {
  const auto config = ParseConfig(R"({"log": 3})", {{"log.level", "debug"}});
  ASSERT_EQ(DetailsOf(config.status()).violations.size(), 1u);
  EXPECT_EQ(DetailsOf(config.status()).violations[0].field, "log");
}

TEST(FlagsTest, AnUnknownFlagEndsWithTwoAndSaysWhere) {
  const FlagsOutcome outcome = Parse({"--stat-dir", "/b"});
  EXPECT_FALSE(outcome.go_on);
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.message, HasSubstr("--stat-dir"));
}

TEST(FlagsTest, HelpAndVersionEndWithZero) {
  EXPECT_EQ(Parse({"--help"}).exit_code, 0);
  EXPECT_FALSE(Parse({"--help"}).go_on);
  EXPECT_THAT(Parse({"--version"}).message, HasSubstr("berthd 1.2.3"));
}

TEST(FlagsTest, TheConfigFileMayBeAbsentOnlyWhereItWasNotNamed) {
  EXPECT_FALSE(Parse({}).flags.config_file_given);
  EXPECT_TRUE(Parse({"--config", "/c"}).flags.config_file_given);
  EXPECT_EQ(Parse({"--config", "/c"}).flags.config_file, "/c");
}

}  // namespace
}  // namespace berth
