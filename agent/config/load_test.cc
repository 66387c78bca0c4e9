// SPDX-License-Identifier: Apache-2.0
#include "agent/config/load.h"

#include <gmock/gmock.h>

#include "core/base/error.h"
#include "tests/support/temp_directory.h"

namespace berth {
namespace {

using testing::HasSubstr;

class LoadTest : public testing::Test {
 protected:
  static Flags Named(const std::string& config_file) {
    Flags flags;
    flags.config_file = config_file;
    flags.config_file_given = true;
    return flags;
  }

  TempDirectory directory_;
};

constexpr char kOneType[] =
    R"({"instance_types": [{"name": "a", "family": "f", "vcpus": 1, "memory_mib": 64}]})";

TEST_F(LoadTest, ReadsTheConfigAndTheCatalogueItNames) {
  const std::string types = directory_.Write("types.json", kOneType);
  const std::string config =
      directory_.Write("berthd.json", "{\"instance_types\": \"" + types + "\"}");
  const auto settings = LoadSettings(Named(config));
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->types.size(), 1u);
}

TEST_F(LoadTest, FaultsOfBothFilesComeTogetherEachWithItsFile) {
  const std::string types = directory_.Write("types.json", "{\"instance_types\": [{}]}");
  const std::string config = directory_.Write(
      "berthd.json", "{\"log\": {\"level\": 1}, \"instance_types\": \"" + types + "\"}");
  const auto settings = LoadSettings(Named(config));
  const std::string told = DescribeFaults(settings.status());
  EXPECT_THAT(told, HasSubstr(config + ": log.level: is 1; must be one of"));
  EXPECT_THAT(told, HasSubstr(types + ": instance_types[0].name: is missing"));
}

TEST_F(LoadTest, AnAbsentFileIsAFaultOnlyWhereItWasNamed) {
  Flags flags = Named(directory_.Path("none.json"));
  EXPECT_THAT(DescribeFaults(LoadSettings(flags).status()), HasSubstr("none.json: is not there"));
  flags.config_file_given = false;
  flags.overrides = {{"instance_types", ""}};
  EXPECT_TRUE(LoadSettings(flags).ok());
}

TEST_F(LoadTest, AnAbsentCatalogueSaysHowToDoWithoutOne) {
  Flags flags = Named(directory_.Write("berthd.json", "{}"));
  flags.overrides = {{"instance_types", directory_.Path("none.json")}};
  EXPECT_THAT(DescribeFaults(LoadSettings(flags).status()), HasSubstr("custom shapes only"));
}

TEST_F(LoadTest, ADirectoryInPlaceOfAFileIsAFault) {
  EXPECT_THAT(DescribeFaults(LoadSettings(Named(directory_.path())).status()),
              HasSubstr("not a regular file"));
}

}  // namespace
}  // namespace berth
