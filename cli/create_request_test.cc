// SPDX-License-Identifier: Apache-2.0
#include "cli/create_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/failure.h"
#include "tests/support/temp_directory.h"

namespace berth::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

// The least that can be asked for.
CreateArgs Minimal() { return {.type = "t1.micro", .image = "debian.qcow2"}; }

// Why `args` are refused; "" if they are not.
std::string Refusal(const CreateArgs& args) {
  const auto request = MakeCreateRequest(args);
  if (request.ok()) return "";
  EXPECT_EQ(ExitCodeOf(request.status()), ExitCode::kUsage);
  return std::string(request.status().message());
}

TEST(CreateRequestTest, ATypeAndAnImageAreEnough) {
  const auto request = MakeCreateRequest(Minimal());
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->spec().instance_type(), "t1.micro");
  EXPECT_EQ(request->spec().boot().disk().image(), "debian.qcow2");
  EXPECT_FALSE(request->spec().has_shape());
  EXPECT_FALSE(request->spec().has_seed());
}

TEST(CreateRequestTest, AKernelMayBootWithOrWithoutADisk) {
  CreateArgs args = {.vcpus = 2, .memory = "1.5G", .kernel = "vmlinuz", .initrd = "initrd.img"};
  auto request = MakeCreateRequest(args);
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->spec().shape().vcpus(), 2);
  EXPECT_EQ(request->spec().shape().memory_mib(), 1536);
  EXPECT_EQ(request->spec().boot().kernel().initrd(), "initrd.img");
  EXPECT_FALSE(request->spec().has_root_disk());
  args.image = "debian.qcow2";
  args.disk = "8G";
  request = MakeCreateRequest(args);
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->spec().boot().kernel().image(), "debian.qcow2");
  EXPECT_EQ(request->spec().root_disk().size_mib(), 8192);
}

TEST(CreateRequestTest, WhatContradictsOrIsMissingNamesItsFlag) {
  const auto with = [](auto change) {
    CreateArgs args = Minimal();
    change(args);
    return Refusal(args);
  };
  EXPECT_THAT(with([](auto& a) { a.vcpus = 2; }), StartsWith("--type: excludes"));
  EXPECT_THAT(with([](auto& a) { a.type = ""; }), StartsWith("--type: give one"));
  EXPECT_THAT(with([](auto& a) { a.type = "", a.vcpus = 1; }), StartsWith("--memory: needed"));
  EXPECT_THAT(with([](auto& a) { a.type = "", a.memory = "1G"; }), StartsWith("--vcpus: needed"));
  EXPECT_THAT(with([](auto& a) { a.type = "", a.vcpus = 1, a.memory = "9"; }),
              StartsWith("--memory 9"));
  EXPECT_THAT(with([](auto& a) { a.image = ""; }), StartsWith("--image: say"));
  EXPECT_THAT(with([](auto& a) { a.initrd = "i"; }), StartsWith("--initrd: goes"));
  EXPECT_THAT(with([](auto& a) { a.cmdline = "quiet"; }), StartsWith("--cmdline: goes"));
  EXPECT_THAT(with([](auto& a) { a.disk = "lots"; }), StartsWith("--disk lots: not a size"));
  EXPECT_THAT(with([](auto& a) { a.tags = {"a"}; }), StartsWith("--tag a: write"));
  EXPECT_THAT(with([](auto& a) { a.tags = {"a=1", "a=2"}; }), StartsWith("--tag a=2: the key"));
  EXPECT_THAT(with([](auto& a) { a.shutdown_behavior = "x"; }),
              StartsWith("--shutdown-behavior x"));
}

TEST(CreateRequestTest, AnAbsurdNumberOfVcpusIsForTheAgentToRefuse) {
  EXPECT_EQ(Refusal({.vcpus = 0, .memory = "1G", .image = "a"}), "");
  EXPECT_THAT(Refusal({.vcpus = -1, .memory = "1G", .image = "a"}), StartsWith("--vcpus -1"));
  EXPECT_THAT(Refusal({.vcpus = int64_t{1} << 40, .memory = "1G", .image = "a"}),
              StartsWith("--vcpus "));
}

class CreateFilesTest : public testing::Test {
 protected:
  TempDirectory directory_;
};

TEST_F(CreateFilesTest, KeysAreTakenFromEveryLineOfEveryFile) {
  CreateArgs args = Minimal();
  args.ssh_keys = {directory_.Write("a", "# mine\n\nssh-ed25519 AAA me\r\n  ssh-rsa BBB\n"),
                   directory_.Write("b", "ssh-ed25519 CCC")};
  const auto request = MakeCreateRequest(args);
  ASSERT_TRUE(request.ok());
  EXPECT_THAT(request->spec().seed().ssh_authorized_keys(),
              ElementsAre("ssh-ed25519 AAA me", "ssh-rsa BBB", "ssh-ed25519 CCC"));
}

TEST_F(CreateFilesTest, UserDataIsPassedOnByteForByte) {
  CreateArgs args = Minimal();
  const std::string bytes("#cloud-config\n\0\xff", 16);
  args.user_data = directory_.Write("u", bytes);
  args.network_config = directory_.Write("n", "version: 2\n");
  const auto request = MakeCreateRequest(args);
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->spec().seed().user_data(), bytes);
  EXPECT_EQ(request->spec().seed().network_config(), "version: 2\n");
}

TEST_F(CreateFilesTest, AFileThatCannotBeUsedNamesFlagAndFile) {
  const auto with = [](auto change) {
    CreateArgs args = Minimal();
    change(args);
    return Refusal(args);
  };
  const std::string secret =
      directory_.Write("id", "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n");
  const std::string key_fault = with([&](auto& a) { a.ssh_keys = {secret}; });
  EXPECT_THAT(key_fault, HasSubstr("give the public one: " + secret + ".pub"));
  EXPECT_THAT(key_fault, testing::Not(HasSubstr("c2VjcmV0")));
  const std::string empty = directory_.Write("empty", "# none\n");
  EXPECT_THAT(with([&](auto& a) { a.ssh_keys = {empty}; }), HasSubstr("no public key"));
  const std::string large = directory_.Write("large", std::string(16'385, 'x'));
  EXPECT_THAT(with([&](auto& a) { a.user_data = large; }),
              StartsWith("--user-data " + large + ": larger than 16384"));
  EXPECT_THAT(with([&](auto& a) { a.user_data = directory_.path(); }), HasSubstr("directory"));
  EXPECT_THAT(with([&](auto& a) { a.network_config = directory_.Path("none"); }),
              StartsWith("--network-config "));
}

TEST_F(CreateFilesTest, UserDataOfExactlyTheLimitIsTaken) {
  CreateArgs args = Minimal();
  args.user_data = directory_.Write("u", std::string(16'384, 'x'));
  EXPECT_EQ(Refusal(args), "");
}

}  // namespace
}  // namespace berth::cli
