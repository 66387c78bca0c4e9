// SPDX-License-Identifier: Apache-2.0
#include "agent/telemetry/log_setup.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/support/temp_directory.h"

namespace berth {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class LogSetupTest : public testing::Test {
 protected:
  std::string file() const { return directory_.Path("berthd.log"); }
  std::string Written() const { return directory_.Read("berthd.log"); }

  TempDirectory directory_;
};

TEST_F(LogSetupTest, ATextLineHasTimeLevelMessageAndFields) {
  auto log = MakeLog({.file = file()}).value();
  log->Info("instance runs", {{"instance_id", "i-0123"}, {"why", "it was asked \"so\""}});
  EXPECT_THAT(Written(),
              MatchesRegex("....-..-..T..:..:..\\....Z info    instance runs instance_id=i-0123 "
                           "why=\"it was asked ..so..\"\n"));
}

TEST_F(LogSetupTest, AJsonLineIsAnObjectWithEveryField) {
  auto log = MakeLog({.file = file(), .json = true}).value();
  log->Warning("odd \"name\"\n\xff", {{"name", "a\tb"}});
  const auto line = nlohmann::json::parse(Written());
  EXPECT_EQ(line["level"], "warning");
  EXPECT_EQ(line["message"], "odd \"name\"\n\xEF\xBF\xBD");
  EXPECT_EQ(line["name"], "a\tb");
  EXPECT_TRUE(line.contains("time"));
}

TEST_F(LogSetupTest, LinesBelowTheLevelAreDropped) {
  auto log = MakeLog({.level = LogLevel::kWarning, .file = file()}).value();
  log->Info("unheard");
  log->Error("heard");
  EXPECT_FALSE(log->Enabled(LogLevel::kInfo));
  EXPECT_THAT(Written(), HasSubstr("heard"));
  EXPECT_THAT(Written(), Not(HasSubstr("unheard")));
}

TEST_F(LogSetupTest, AMessageCannotForgeALine) {
  EXPECT_EQ(FormatLogLine("a\nb", {{"k", "c\nd"}}, /*json=*/false), "a\\x0ab k=\"c\\nd\"");
}

TEST_F(LogSetupTest, AFileThatCannotBeOpenedSaysWhatToSet) {
  const auto log = MakeLog({.file = directory_.path()});  // A directory.
  ASSERT_FALSE(log.ok());
  EXPECT_THAT(std::string(log.status().message()), HasSubstr("log.file"));
}

}  // namespace
}  // namespace berth
