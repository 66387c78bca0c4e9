// SPDX-License-Identifier: Apache-2.0
#include "core/model/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "core/model/text.h"

namespace berth::model {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

InstanceSpec Valid() {
  return {.name = "web 1",
          .tenant_id = "acme",
          .shape = {.vcpus = 1, .memory_mib = 256},
          .boot = {.image = "debian-12.qcow2"}};
}

std::vector<std::string> FieldsAtFault(const InstanceSpec& spec) {
  std::vector<std::string> fields;
  for (const FieldViolation& violation : Validate(spec)) {
    EXPECT_FALSE(violation.description.empty()) << violation.field;
    EXPECT_LT(violation.description.size(), 300U) << violation.field;
    EXPECT_LT(violation.field.size(), 300U);
    fields.push_back(violation.field);
  }
  return fields;
}

// The fields at fault after `change` was made to a valid spec.
std::vector<std::string> After(const std::function<void(InstanceSpec&)>& change) {
  InstanceSpec spec = Valid();
  change(spec);
  return FieldsAtFault(spec);
}

TEST(ValidateTest, AValidSpecHasNoFaults) {
  EXPECT_THAT(FieldsAtFault(Valid()), IsEmpty());
  EXPECT_THAT(After([](InstanceSpec& s) {
                s.name = "";
                s.tenant_id = "";
                s.tags = {{"role", "db"}, {"größe", "süß <&>"}};
                s.boot = {.image = "root.raw",
                          .kernel = "vmlinuz-6.1",
                          .initrd = "initrd.img",
                          .command_line = "console=ttyS0 root=/dev/vda1"};
                s.root_disk_mib = 10240;
                s.first_boot.hostname = "web-1.example.org";
                s.first_boot.ssh_authorized_keys = {"ssh-ed25519 AAAAC3Nza user@host"};
                s.first_boot.user_data = std::string("\x1f\x8b\0", 3);
              }),
              IsEmpty());
}

TEST(ValidateTest, NamesThatCouldDoHarmOrAreNoLabelsAreRefused) {
  for (const std::string& name :
       {std::string("<b>"), std::string("a&b"), std::string("say \"hi\""), std::string("it's"),
        std::string("a/b"), std::string("a..b"), std::string("../../etc/passwd"),
        std::string(".hidden"), std::string("-rf"), std::string(" leading"), std::string("a\nb"),
        std::string("a\0b", 3), std::string("caf\xc3\xa9"), std::string("\xff"),
        std::string(129, 'a'), std::string(1 << 20, 'a')})
    EXPECT_THAT(After([&](InstanceSpec& s) { s.name = name; }), ElementsAre("spec.name"))
        << name.substr(0, 40);
  for (const std::string& name : {std::string(128, 'a'), std::string("a.b_c:d+e=f@g-h i")})
    EXPECT_THAT(After([&](InstanceSpec& s) { s.name = name; }), IsEmpty()) << name;
}

TEST(ValidateTest, TenantIdsAreShortAndPlain) {
  for (const std::string& tenant : {std::string("a b"), std::string("a/b"), std::string("-a"),
                                    std::string("ü"), std::string(65, 'a')})
    EXPECT_THAT(After([&](InstanceSpec& s) { s.tenant_id = tenant; }),
                ElementsAre("spec.tenant_id"))
        << tenant;
  EXPECT_THAT(After([](InstanceSpec& s) { s.tenant_id = std::string(64, 'a'); }), IsEmpty());
}

TEST(ValidateTest, SizesAreWithinBounds) {
  constexpr int32_t kVcpusAbsurd = std::numeric_limits<int32_t>::max();
  for (const int32_t vcpus : {0, -1, 1025, kVcpusAbsurd, std::numeric_limits<int32_t>::min()})
    EXPECT_THAT(After([&](InstanceSpec& s) { s.shape.vcpus = vcpus; }),
                ElementsAre("spec.shape.vcpus"))
        << vcpus;
  for (const int64_t mib : {int64_t{0}, int64_t{-1}, kMemoryMibMin - 1, kMemoryMibMax + 1,
                            std::numeric_limits<int64_t>::max()})
    EXPECT_THAT(After([&](InstanceSpec& s) { s.shape.memory_mib = mib; }),
                ElementsAre("spec.shape.memory_mib"))
        << mib;
  for (const int64_t mib : {int64_t{-1}, kRootDiskMibMax + 1, std::numeric_limits<int64_t>::max()})
    EXPECT_THAT(After([&](InstanceSpec& s) { s.root_disk_mib = mib; }),
                ElementsAre("spec.root_disk.size_mib"))
        << mib;
  EXPECT_THAT(After([](InstanceSpec& s) {
                s.shape = {.vcpus = kVcpusMax, .memory_mib = kMemoryMibMax};
                s.root_disk_mib = kRootDiskMibMax;
              }),
              IsEmpty());
  EXPECT_THAT(After([](InstanceSpec& s) { s.shape = {.vcpus = 1, .memory_mib = kMemoryMibMin}; }),
              IsEmpty());
}

TEST(ValidateTest, ASpecThatNamesATypeIsNotAskedForAShape) {
  EXPECT_THAT(After([](InstanceSpec& s) {
                s.instance_type = "m1.large";
                s.shape = {};
              }),
              IsEmpty());
  for (const std::string& type : {std::string("../m1"), std::string("m 1"), std::string(65, 'm')})
    EXPECT_THAT(After([&](InstanceSpec& s) { s.instance_type = type; }),
                ElementsAre("spec.instance_type"))
        << type;
}

TEST(ValidateTest, ThereMustBeSomethingToBoot) {
  EXPECT_THAT(After([](InstanceSpec& s) { s.boot = {}; }), ElementsAre("spec.boot"));
  EXPECT_THAT(After([](InstanceSpec& s) { s.boot = {.kernel = "vmlinuz"}; }), IsEmpty());
}

TEST(ValidateTest, BootFilesAreNamesAndNeverPaths) {
  for (const std::string& name :
       {std::string("../root"), std::string("/etc/shadow"), std::string("a/b"), std::string(".a"),
        std::string("-a"), std::string("a b"), std::string("a\0b", 3), std::string(256, 'a')}) {
    EXPECT_THAT(After([&](InstanceSpec& s) { s.boot = {.image = name}; }),
                ElementsAre("spec.boot.disk.image"))
        << name;
    EXPECT_THAT(
        After([&](InstanceSpec& s) { s.boot = {.image = name, .kernel = name, .initrd = name}; }),
        UnorderedElementsAre("spec.boot.kernel.image", "spec.boot.kernel.kernel",
                             "spec.boot.kernel.initrd"))
        << name;
  }
}

TEST(ValidateTest, InitrdAndCommandLineBelongToAKernel) {
  EXPECT_THAT(After([](InstanceSpec& s) {
                s.boot.initrd = "initrd";
                s.boot.command_line = "quiet";
              }),
              UnorderedElementsAre("spec.boot.kernel.initrd", "spec.boot.kernel.command_line"));
}

TEST(ValidateTest, ACommandLineIsShortPrintableAscii) {
  for (const std::string& line :
       {std::string(2048, 'a'), std::string("a\nb"), std::string("\xc3\xbc")})
    EXPECT_THAT(After([&](InstanceSpec& s) { s.boot = {.kernel = "k", .command_line = line}; }),
                ElementsAre("spec.boot.kernel.command_line"));
  EXPECT_THAT(After([&](InstanceSpec& s) {
                s.boot = {.kernel = "k", .command_line = std::string(2047, 'a')};
              }),
              IsEmpty());
}

TEST(ValidateTest, ARootDiskNeedsAnImage) {
  EXPECT_THAT(After([](InstanceSpec& s) {
                s.boot = {.kernel = "vmlinuz"};
                s.root_disk_mib = 100;
              }),
              ElementsAre("spec.root_disk.size_mib"));
}

TEST(ValidateTest, TagsAreFewShortAndPlain) {
  EXPECT_THAT(After([](InstanceSpec& s) {
                for (int i = 0; i < 51; ++i) s.tags[std::to_string(i)] = "";
              }),
              ElementsAre("spec.tags"));
  EXPECT_THAT(After([](InstanceSpec& s) { s.tags["berth:x"] = "1"; }),
              ElementsAre("spec.tags[\"berth:x\"]"));
  EXPECT_THAT(After([](InstanceSpec& s) { s.tags["k"] = std::string(257, 'v'); }),
              ElementsAre("spec.tags[\"k\"]"));
  EXPECT_THAT(After([](InstanceSpec& s) { s.tags["k"] = "line\nbreak"; }),
              ElementsAre("spec.tags[\"k\"]"));
  for (const std::string& key :
       {std::string(), std::string(129, 'k'), std::string("\xff"), std::string(1 << 20, 'k')})
    EXPECT_EQ(After([&](InstanceSpec& s) { s.tags[key] = ""; }).size(), 1U);
}

TEST(ValidateTest, HostnamesFollowRfc1123) {
  for (const std::string& good :
       {std::string("a"), std::string("web-1"), std::string("1a.b.c"), std::string(63, 'a')})
    EXPECT_TRUE(IsHostname(good)) << good;
  const std::string label(63, 'a');
  for (const std::string& bad :
       {std::string(), std::string("-a"), std::string("a-"), std::string("a..b"), std::string("a."),
        std::string(".a"), std::string("a_b"), std::string("a b"), std::string("a\n"),
        std::string(64, 'a'), label + "." + label + "." + label + "." + label})
    EXPECT_FALSE(IsHostname(bad)) << bad;
  EXPECT_THAT(After([](InstanceSpec& s) { s.first_boot.hostname = "web_1"; }),
              ElementsAre("spec.seed.hostname"));
}

TEST(ValidateTest, AnSshKeyIsOneLine) {
  EXPECT_THAT(After([](InstanceSpec& s) {
                s.first_boot.ssh_authorized_keys = {"ssh-ed25519 AAAA", "", "two\nlines",
                                                    std::string(8193, 'k'), std::string(8192, 'k')};
              }),
              ElementsAre("spec.seed.ssh_authorized_keys[1]", "spec.seed.ssh_authorized_keys[2]",
                          "spec.seed.ssh_authorized_keys[3]"));
  EXPECT_THAT(After([](InstanceSpec& s) {
                s.first_boot.ssh_authorized_keys = std::vector<std::string>(65, "ssh-ed25519 A");
              }),
              ElementsAre("spec.seed.ssh_authorized_keys"));
  EXPECT_THAT(After([](InstanceSpec& s) {
                s.first_boot.ssh_authorized_keys = std::vector<std::string>(100000, "");
              }).size(),
              testing::Eq(65U))
      << "a huge list does not make a huge answer";
}

TEST(ValidateTest, UserDataMayHaveSixteenKibAndNotAByteMore) {
  EXPECT_THAT(After([](InstanceSpec& s) {
                s.first_boot.user_data = std::string(16 * 1024, '\0');
                s.first_boot.network_config = std::string(16 * 1024, 'n');
              }),
              IsEmpty());
  EXPECT_THAT(After([](InstanceSpec& s) {
                s.first_boot.user_data = std::string(16 * 1024 + 1, '\0');
                s.first_boot.network_config = std::string(16 * 1024 + 1, 'n');
              }),
              ElementsAre("spec.seed.user_data", "spec.seed.network_config"));
}

TEST(ValidateTest, EveryFaultIsNamedAtOnce) {
  InstanceSpec spec;
  spec.name = "<>&\"'/..";
  spec.tenant_id = "a b";
  spec.tags = {{"berth:x", "1"}};
  spec.shape = {.vcpus = 0, .memory_mib = -1};
  spec.boot = {.initrd = "../i", .command_line = "\n"};
  spec.root_disk_mib = 5;
  spec.first_boot = {
      .hostname = "-", .ssh_authorized_keys = {"\n"}, .user_data = std::string(1 << 20, 'u')};
  EXPECT_THAT(FieldsAtFault(spec),
              UnorderedElementsAre("spec.name", "spec.tenant_id", "spec.tags[\"berth:x\"]",
                                   "spec.shape.vcpus", "spec.shape.memory_mib", "spec.boot",
                                   "spec.boot.kernel.initrd", "spec.boot.kernel.initrd",
                                   "spec.boot.kernel.command_line", "spec.boot.kernel.command_line",
                                   "spec.root_disk.size_mib", "spec.seed.hostname",
                                   "spec.seed.ssh_authorized_keys[0]", "spec.seed.user_data"));
}

TEST(TextTest, KnowsWellFormedUtf8) {
  for (const std::string& good :
       {std::string(), std::string("a\0b", 3), std::string("ü€𝄞"), std::string("\xf4\x8f\xbf\xbf")})
    EXPECT_TRUE(IsUtf8(good)) << good;
  for (const std::string& bad :
       {std::string("\x80"), std::string("\xc3"), std::string("\xc0\xaf"),
        std::string("\xe0\x80\xaf"), std::string("\xed\xa0\x80"), std::string("\xf4\x90\x80\x80"),
        std::string("\xf8\x88\x80\x80\x80"), std::string("\xff"), std::string("\xc3\x28"),
        std::string("\xe2\x82")})
    EXPECT_FALSE(IsUtf8(bad));
}

TEST(TextTest, PlainTextHasNoControlCharacters) {
  EXPECT_TRUE(IsPlainText("größe <&>"));
  for (const std::string& bad : {std::string("\n"), std::string("\t"), std::string("\0", 1),
                                 std::string("\x7f"), std::string("\xc2\x85"), std::string("\xff")})
    EXPECT_FALSE(IsPlainText(bad));
}

TEST(TextTest, CountsCharactersNotBytes) {
  EXPECT_EQ(CharacterCount(""), 0U);
  EXPECT_EQ(CharacterCount("aü€𝄞"), 4U);
}

}  // namespace
}  // namespace berth::model
