// SPDX-License-Identifier: Apache-2.0
#include "drivers/storage/seed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/base/ids.h"

namespace berth {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kId[] = "i-0123456789abcdef0";

TEST(SeedTest, NamesTheInstanceAndItsHost) {
  const SeedFiles files = MakeSeedFiles(kId, {.hostname = "web-1.example.org"});
  const json meta_data = json::parse(files.meta_data);
  EXPECT_EQ(meta_data, json({{"instance-id", kId}, {"local-hostname", "web-1.example.org"}}));
  EXPECT_EQ(files.vendor_data, "");
}

TEST(SeedTest, CallsTheHostAfterTheInstanceWhereNoNameIsGiven) {
  const json meta_data = json::parse(MakeSeedFiles(kId, {}).meta_data);
  EXPECT_EQ(meta_data["local-hostname"], kId);
}

TEST(SeedTest, CarriesTheKeys) {
  const SeedFiles files =
      MakeSeedFiles(kId, {.ssh_authorized_keys = {"ssh-ed25519 AAAA me@home", "ssh-rsa BBBB"}});
  EXPECT_EQ(json::parse(files.meta_data)["public-keys"],
            json({"ssh-ed25519 AAAA me@home", "ssh-rsa BBBB"}));
}

TEST(SeedTest, HostileStringsStayStrings) {
  const std::string hostile = "\"\n#cloud-config\nruncmd: [reboot]\n---\n\\ \t '}]";
  const SeedFiles files =
      MakeSeedFiles(kId, {.hostname = hostile, .ssh_authorized_keys = {hostile}});
  const json meta_data = json::parse(files.meta_data);
  EXPECT_EQ(meta_data["local-hostname"], hostile);
  EXPECT_EQ(meta_data["public-keys"][0], hostile);
  EXPECT_EQ(meta_data.size(), 3U);
  EXPECT_THAT(files.meta_data, Not(HasSubstr("\nruncmd")));
}

TEST(SeedTest, EscapesWhatYamlForbidsAndJsonAllows) {
  const std::string odd =
      "a\x7f\xc2\x80\xc2\x9f\xef\xbf\xbe\xef\xbf\xbfz \xf0\x9f\x90\x8b \xc3\xa9";
  const SeedFiles files = MakeSeedFiles(kId, {.ssh_authorized_keys = {odd}});
  EXPECT_THAT(files.meta_data, HasSubstr("a\\u007f\\u0080\\u009f\\ufffe\\uffffz"));
  EXPECT_THAT(files.meta_data, HasSubstr("\xf0\x9f\x90\x8b \xc3\xa9")) << "others stay as they are";
  EXPECT_EQ(json::parse(files.meta_data)["public-keys"][0], odd);
}

TEST(SeedTest, ReplacesWhatIsNotUtf8) {
  const SeedFiles files = MakeSeedFiles(kId, {.ssh_authorized_keys = {"ssh-rsa AAAA \xff\xc3"}});
  EXPECT_THAT(std::string(json::parse(files.meta_data)["public-keys"][0]),
              HasSubstr("ssh-rsa AAAA \xef\xbf\xbd"));
}

TEST(SeedTest, AsksDhcpOnTheFirstInterfaceByItsAddress) {
  const json config = json::parse(MakeSeedFiles(kId, {}).network_config);
  EXPECT_EQ(config, json::parse(R"({"version": 2, "ethernets": {"primary": {"dhcp4": true,
      "match": {"macaddress": ")" +
                                MacAddress(kId) + "\"}}}}"));
}

TEST(SeedTest, PassesUserDataAndAGivenNetworkConfigurationOnByteByByte) {
  const std::string user_data("#!/bin/sh\n\0\xff", 12);
  const SeedFiles files =
      MakeSeedFiles(kId, {.user_data = user_data, .network_config = "version: 1\n"});
  EXPECT_EQ(files.user_data, user_data);
  EXPECT_EQ(files.network_config, "version: 1\n");
}

}  // namespace
}  // namespace berth
