// SPDX-License-Identifier: Apache-2.0
#include "agent/telemetry/log_setup.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace berth {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class LogSetupTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "log_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::string file() const { return directory_ + "/berthd.log"; }
  std::string Written() const {
    std::stringstream text;
    text << std::ifstream(file()).rdbuf();
    return text.str();
  }

  std::string directory_;
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
  const auto log = MakeLog({.file = directory_});  // A directory.
  ASSERT_FALSE(log.ok());
  EXPECT_THAT(std::string(log.status().message()), HasSubstr("log.file"));
}

}  // namespace
}  // namespace berth
