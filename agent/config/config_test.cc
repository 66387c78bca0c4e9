// SPDX-License-Identifier: Apache-2.0
#include "agent/config/config.h"

#include <gmock/gmock.h>

#include <string>

#include "agent/config/check_config.h"
#include "agent/config/parse.h"
#include "core/base/error.h"

namespace berth {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using testing::UnorderedElementsAre;

auto Fault(const std::string& path, const std::string& cure) {
  return AllOf(StartsWith(path + ": "), HasSubstr(cure));
}

// Each as "path: cure".
std::vector<std::string> FaultsOf(std::string_view text) {
  const auto config = ParseConfig(text);
  EXPECT_EQ(config.status().code(), StatusCode::kInvalidArgument) << text;
  std::vector<std::string> faults;
  for (const FieldViolation& fault : DetailsOf(config.status()).violations)
    faults.push_back(fault.field + ": " + fault.description);
  return faults;
}

TEST(ConfigTest, AnEmptyTextGivesTheDefaults) {
  EXPECT_EQ(ParseConfig("").value(), Config{});
  EXPECT_EQ(ParseConfig(" \n{}").value(), Config{});
}

TEST(ConfigTest, CommentsAreReadOver) {
  const auto config = ParseConfig("// mine\n{/* here */ \"state_dir\": \"/srv/berth\"}");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->state_dir, "/srv/berth");
  EXPECT_EQ(config->ImageDir(), "/srv/berth/images");
  EXPECT_EQ(config->LedgerPath(), "/srv/berth/ledger.db");
}

TEST(ConfigTest, EverySettingOfEachKindIsRead) {
  const auto config = ParseConfig(R"({
    "terminated_visible_seconds": 60, "api": {"socket_mode": "0600", "max_in_flight": 7},
    "log": {"level": "debug", "format": "json"}, "capacity": {"cpu_overcommit": 1,
    "reserved_cpus": 3, "reserved_disk_mib": "auto"},
    "hypervisor": {"driver": "fake", "accel": "tcg", "deadlines": {"destroy_seconds": 5}}})");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->terminated_visible, std::chrono::seconds(60));
  EXPECT_EQ(config->api.socket_mode, 0600);
  EXPECT_EQ(config->api.max_in_flight, 7);
  EXPECT_EQ(config->log.level, LogLevel::kDebug);
  EXPECT_EQ(config->log.format, LogFormat::kJson);
  EXPECT_EQ(config->capacity.cpu_overcommit, 1.0);
  EXPECT_EQ(config->capacity.reserved_cpus, 3);
  EXPECT_EQ(config->capacity.reserved_disk_mib, std::nullopt);
  EXPECT_EQ(config->hypervisor.driver, HypervisorDriver::kFake);
  EXPECT_EQ(config->hypervisor.accel, AccelChoice::kTcg);
  EXPECT_EQ(config->hypervisor.deadlines.destroy, std::chrono::seconds(5));
}

TEST(ConfigTest, EveryFaultIsReportedAtOnceWithItsPathAndCure) {
  EXPECT_THAT(
      FaultsOf(R"({"state_dir": 3, "ledger": "rel.db", "log": {"level": "loud", "levl": 1},
                   "capacity": {"cpu_overcommit": 0.5, "reserved_cpus": -1,
                                "reserved_disk_mib": "some"},
                   "api": {"socket_mode": "0888", "max_in_flight": 1.5}, "http": [],
                   "node_id": "me", "statedir": "/x"})"),
      UnorderedElementsAre(
          Fault("state_dir", "must be text in quotes"), Fault("ledger", "must be an absolute path"),
          Fault("log.level", "must be one of: debug, info, warning, error"),
          Fault("log.levl", "did you mean \"level\"?"),
          Fault("capacity.cpu_overcommit", "must be a number from 1 to 64"),
          Fault("capacity.reserved_cpus", "must be \"auto\" or a whole number from 0"),
          Fault("capacity.reserved_disk_mib", "must be \"auto\" or a whole number from 0"),
          Fault("api.socket_mode", "must be octal digits"),
          Fault("api.max_in_flight", "must be a whole number"), Fault("http", "must be an object"),
          Fault("node_id", "must be a UUID"), Fault("statedir", "did you mean \"state_dir\"?")));
}

TEST(ConfigTest, AnUnknownMemberWithoutANearNameListsTheKnownOnes) {
  EXPECT_THAT(FaultsOf(R"({"log": {"colour": true}})"),
              ElementsAre(Fault("log.colour", "known are: level, file, format")));
}

TEST(ConfigTest, AMemberGivenTwiceIsAFault) {
  EXPECT_THAT(FaultsOf(R"({"log": {"level": "info", "level": "debug"}})"),
              ElementsAre(Fault("level", "twice")));
  // The same name in two objects is none.
  EXPECT_TRUE(ParseConfig(R"({"log": {"file": ""}, "ledger": "/l", "http": {}})").ok());
}

TEST(ConfigTest, ASyntaxErrorSaysItsLine) {
  EXPECT_THAT(FaultsOf("{\n  \"state_dir\": ,\n}"), ElementsAre(Fault("", "at line 2, column 16")));
  EXPECT_THAT(FaultsOf("{\"log\": {\"level\": \"in"),
              ElementsAre(Fault("", "is not JSON at line 1")));
}

TEST(ConfigTest, WhatIsNoObjectOrTooLargeOrTooDeepIsAFault) {
  EXPECT_THAT(FaultsOf("[]"), ElementsAre(Fault("", "must be an object")));
  EXPECT_THAT(FaultsOf(std::string(kConfigBytesMax + 1, ' ')), ElementsAre(Fault("", "longer")));
  EXPECT_THAT(FaultsOf(std::string(100000, '[')), testing::Contains(Fault("", "deeper")));
  EXPECT_THAT(FaultsOf("{\"state_dir\": 1e999}"), testing::SizeIs(1));
}

TEST(ConfigTest, NumbersBeyondSixtyFourBitsAreRefused) {
  EXPECT_THAT(FaultsOf(R"({"api": {"max_in_flight": 18446744073709551615}})"),
              ElementsAre(Fault("api.max_in_flight", "must be a whole number")));
}

TEST(ConfigTest, PathsAreAbsoluteAndClean) {
  for (const char* path : {"berth", "/a/../b", "/a//b", "/a/.", "~/berth"})
    EXPECT_THAT(FaultsOf(std::string("{\"state_dir\": \"") + path + "\"}"),
                ElementsAre(Fault("state_dir", "must be an absolute path")));
  EXPECT_THAT(FaultsOf("{\"state_dir\": \"/a\\u0000b\"}"),
              ElementsAre(Fault("state_dir", "control character")));
}

TEST(ConfigTest, ASocketPathLongerThanTheKernelAllowsIsAFault) {
  const std::string path = "/" + std::string(107, 's');
  EXPECT_THAT(FaultsOf("{\"api\": {\"socket\": \"" + path + "\"}}"),
              ElementsAre(Fault("api.socket", "at most 103 are possible")));
}

TEST(ConfigTest, SettingsThatContradictTheDriverAreFaults) {
  EXPECT_THAT(FaultsOf(R"({"hypervisor": {"fake_state_file": "/f"}})"),
              ElementsAre(Fault("hypervisor.fake_state_file", "only for hypervisor.driver")));
  EXPECT_THAT(FaultsOf(R"({"hypervisor": {"uri": "qemu+ssh://host/system"}})"),
              ElementsAre(Fault("hypervisor.uri", "must be a local libvirt URI")));
}

TEST(ConfigTest, PrintedConfigReadsBackAsTheSame) {
  Config config;
  config.state_dir = "/srv/b";
  config.api.socket_mode = 0600;
  config.capacity.cpu_overcommit = 2.5;
  config.hypervisor.driver = HypervisorDriver::kFake;
  config.hypervisor.deadlines.query = std::chrono::seconds(3);
  const auto again = ParseConfig(PrintConfig(config));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, config);
}

TEST(HttpAddressTest, TakesAddressesAndRefusesTheRest) {
  EXPECT_EQ(ParseHttpAddress("127.0.0.1:9443"), (HttpAddress{"127.0.0.1", 9443, true}));
  EXPECT_EQ(ParseHttpAddress("[::1]:0"), (HttpAddress{"::1", 0, true}));
  EXPECT_EQ(ParseHttpAddress("0.0.0.0:80"), (HttpAddress{"0.0.0.0", 80, false}));
  EXPECT_EQ(ParseHttpAddress("[::]:80"), (HttpAddress{"::", 80, false}));
  for (const char* text : {"", ":", "localhost:1", "127.0.0.1", "127.0.0.1:", "127.0.0.1:70000",
                           "127.0.0.1:-1", "::1:80", "[127.0.0.1]:80", "127.0.0.1:80x", "[]:80"})
    EXPECT_EQ(ParseHttpAddress(text), std::nullopt) << text;
}

}  // namespace
}  // namespace berth
