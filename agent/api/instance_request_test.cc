// SPDX-License-Identifier: Apache-2.0
#include "agent/api/instance_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/api/request_check.h"
#include "agent/api/test_support.h"
#include "core/base/random.h"

namespace berth::api {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

constexpr char kId[] = "i-0123456789abcdef0";

std::vector<model::InstanceType> Types() {
  model::InstanceType type;
  type.name = "m1.small";
  type.shape = {.vcpus = 1, .memory_mib = 1024};
  return {type};
}

v1::CreateInstanceRequest GoodCreate() {
  v1::CreateInstanceRequest request;
  v1::InstanceSpec& spec = *request.mutable_spec();
  spec.set_name("web-1");
  spec.set_instance_type("m1.small");
  spec.mutable_boot()->mutable_disk()->set_image("debian.qcow2");
  return request;
}

std::vector<std::string> FaultsOf(const v1::CreateInstanceRequest& request) {
  const auto args = DecodeCreate(request.SerializeAsString(), Types());
  std::vector<std::string> fields;
  for (const FieldViolation& violation : DetailsOf(args.status()).violations)
    fields.push_back(violation.field);
  return fields;
}

TEST(InstanceRequestTest, EveryFieldReachesTheModel) {
  v1::CreateInstanceRequest request;
  request.set_instance_id(kId);
  request.set_validate_only(true);
  v1::InstanceSpec& spec = *request.mutable_spec();
  spec.set_name("web-1");
  spec.set_tenant_id("acme");
  (*spec.mutable_tags())["role"] = "web";
  spec.mutable_shape()->set_vcpus(2);
  spec.mutable_shape()->set_memory_mib(512);
  auto& kernel = *spec.mutable_boot()->mutable_kernel();
  kernel.set_kernel("vmlinuz");
  kernel.set_initrd("initrd");
  kernel.set_command_line("console=ttyS0");
  kernel.set_image("root.qcow2");
  spec.mutable_root_disk()->set_size_mib(2048);
  spec.mutable_root_disk()->set_delete_on_termination(true);
  spec.mutable_seed()->set_hostname("web");
  spec.mutable_seed()->add_ssh_authorized_keys("ssh-ed25519 AAAA me");
  spec.mutable_seed()->set_user_data(std::string("\0\xff", 2));
  spec.mutable_seed()->set_network_config("version: 2");
  spec.set_autostart(true);
  spec.set_instance_initiated_shutdown_behavior(v1::SHUTDOWN_BEHAVIOR_TERMINATE);
  spec.set_termination_protection(true);

  const auto args = DecodeCreate(request.SerializeAsString(), Types());
  ASSERT_TRUE(args.ok()) << args.status();
  EXPECT_EQ(args->instance_id, kId);
  EXPECT_TRUE(args->validate_only);
  const model::InstanceSpec expected{.name = "web-1",
                                     .tenant_id = "acme",
                                     .tags = {{"role", "web"}},
                                     .instance_type = "",
                                     .shape = {.vcpus = 2, .memory_mib = 512},
                                     .boot = {.image = "root.qcow2",
                                              .kernel = "vmlinuz",
                                              .initrd = "initrd",
                                              .command_line = "console=ttyS0"},
                                     .root_disk_mib = 2048,
                                     .first_boot = {.hostname = "web",
                                                    .ssh_authorized_keys = {"ssh-ed25519 AAAA me"},
                                                    .user_data = std::string("\0\xff", 2),
                                                    .network_config = "version: 2"},
                                     .autostart = true,
                                     .shutdown_behavior = model::ShutdownBehavior::kTerminate,
                                     .termination_protection = true};
  EXPECT_EQ(args->spec, expected);
}

TEST(InstanceRequestTest, AnEmptyTenantIsTheDefaultOne) {
  EXPECT_EQ(DecodeCreate(GoodCreate().SerializeAsString(), Types())->spec.tenant_id, "default");
}

TEST(InstanceRequestTest, EveryViolationIsToldAtOnceByItsPath) {
  v1::CreateInstanceRequest request;
  request.set_request_id("two words");
  request.set_control_epoch(-1);
  request.set_instance_id("web");
  v1::InstanceSpec& spec = *request.mutable_spec();
  spec.set_name("../<evil>");
  spec.set_tenant_id("a b");
  (*spec.mutable_tags())["berth:x"] = "1";
  spec.mutable_shape()->set_vcpus(-1);
  spec.mutable_shape()->set_memory_mib(-5);
  spec.mutable_boot()->mutable_disk()->set_image("/etc/shadow");
  spec.mutable_root_disk()->set_size_mib(-1);
  spec.mutable_seed()->set_hostname("-bad-");
  spec.mutable_seed()->set_user_data(std::string(16385, 'x'));
  spec.mutable_seed()->add_ssh_authorized_keys("");
  spec.set_instance_initiated_shutdown_behavior(static_cast<v1::ShutdownBehavior>(9));
  EXPECT_THAT(FaultsOf(request),
              UnorderedElementsAre("request_id", "control_epoch", "instance_id", "spec.name",
                                   "spec.tenant_id", "spec.tags[\"berth:x\"]", "spec.shape.vcpus",
                                   "spec.shape.memory_mib", "spec.boot.disk.image",
                                   "spec.root_disk.size_mib", "spec.seed.hostname",
                                   "spec.seed.user_data", "spec.seed.ssh_authorized_keys[0]",
                                   "spec.instance_initiated_shutdown_behavior"));
}

TEST(InstanceRequestTest, WhatIsMissingIsNamedOnce) {
  EXPECT_THAT(FaultsOf(v1::CreateInstanceRequest()), ElementsAre("spec"));
  v1::CreateInstanceRequest empty;
  empty.mutable_spec();
  EXPECT_THAT(FaultsOf(empty), UnorderedElementsAre("spec.shape", "spec.boot"));
  v1::CreateInstanceRequest hollow = GoodCreate();
  hollow.mutable_spec()->mutable_boot()->mutable_disk()->clear_image();
  EXPECT_THAT(FaultsOf(hollow), ElementsAre("spec.boot.disk.image"));
  hollow.mutable_spec()->mutable_boot()->mutable_kernel()->set_image("root.qcow2");
  EXPECT_THAT(FaultsOf(hollow), ElementsAre("spec.boot.kernel.kernel"));
}

TEST(InstanceRequestTest, ATypeAndAShapeExcludeEachOther) {
  v1::CreateInstanceRequest request = GoodCreate();
  request.mutable_spec()->mutable_shape();
  EXPECT_THAT(FaultsOf(request), ElementsAre("spec.shape"));
}

TEST(InstanceRequestTest, AnUnknownTypeIsToldTogetherWithTheRest) {
  v1::CreateInstanceRequest request = GoodCreate();
  request.mutable_spec()->set_instance_type("m9.huge");
  request.mutable_spec()->set_name("..");
  EXPECT_THAT(FaultsOf(request), UnorderedElementsAre("spec.instance_type", "spec.name"));
}

TEST(InstanceRequestTest, WishesThatCannotBeServedYetAreNotDropped) {
  const auto code_of = [](const v1::CreateInstanceRequest& request) {
    return DecodeCreate(request.SerializeAsString(), Types()).status().code();
  };
  v1::CreateInstanceRequest keep_disk = GoodCreate();
  keep_disk.mutable_spec()->mutable_root_disk()->set_delete_on_termination(false);
  EXPECT_EQ(code_of(keep_disk), StatusCode::kUnimplemented);
  v1::CreateInstanceRequest uefi = GoodCreate();
  uefi.mutable_spec()->mutable_platform()->set_firmware(v1::FIRMWARE_UEFI);
  EXPECT_EQ(code_of(uefi), StatusCode::kUnimplemented);
  v1::CreateInstanceRequest bios = GoodCreate();
  bios.mutable_spec()->mutable_platform()->set_firmware(v1::FIRMWARE_BIOS);
  EXPECT_EQ(code_of(bios), StatusCode::kOk);
}

TEST(InstanceRequestTest, StopAsksForNinetySecondsUnlessToldOtherwise) {
  v1::StopInstanceRequest request;
  RequestFaults faults;
  EXPECT_EQ(ToStop(request, faults).grace, std::chrono::seconds(90));
  request.mutable_timeout()->set_seconds(0);
  EXPECT_TRUE(ToStop(request, faults).force);
  request.mutable_timeout()->set_nanos(1);
  EXPECT_EQ(ToStop(request, faults).grace, Duration(1));
  EXPECT_TRUE(faults.empty());
  request.mutable_timeout()->set_seconds(3601);
  ToStop(request, faults);
  EXPECT_FALSE(faults.empty());
}

TEST(InstanceRequestTest, ForceAndTimeoutExcludeEachOther) {
  v1::StopInstanceRequest stop;
  stop.set_force(true);
  stop.mutable_timeout()->set_seconds(5);
  RequestFaults stop_faults;
  ToStop(stop, stop_faults);
  EXPECT_EQ(stop_faults.violations().front().field, "timeout");
  v1::RebootInstanceRequest reboot;
  reboot.set_hard(true);
  reboot.mutable_timeout()->set_seconds(5);
  RequestFaults reboot_faults;
  ToReboot(reboot, reboot_faults);
  EXPECT_EQ(reboot_faults.violations().front().field, "timeout");
}

TEST(InstanceRequestTest, DurationsThatAreNoneAreRefused) {
  for (const auto& [seconds, nanos] :
       {std::pair<int64_t, int32_t>{-1, 0}, {0, -1}, {1, 1000000000}}) {
    v1::StopInstanceRequest request;
    request.mutable_timeout()->set_seconds(seconds);
    request.mutable_timeout()->set_nanos(nanos);
    RequestFaults faults;
    ToStop(request, faults);
    EXPECT_FALSE(faults.empty()) << seconds << ' ' << nanos;
  }
}

TEST(InstanceRequestTest, ConsoleBytesHaveTheirRange) {
  v1::GetConsoleOutputRequest request;
  RequestFaults faults;
  EXPECT_EQ(ToConsoleBytes(request, faults), 65536);
  request.set_max_bytes(10);
  EXPECT_EQ(ToConsoleBytes(request, faults), 10);
  EXPECT_TRUE(faults.empty());
  request.set_max_bytes(0);
  ToConsoleBytes(request, faults);
  EXPECT_EQ(faults.violations().front().field, "max_bytes");
}

// What the fuzzer does, for a moment and from a seed: bytes of a good request, changed at random.
TEST(InstanceRequestTest, ChangedBytesGiveArgumentsOrATypedError) {
  const auto random = MakeSeededRandom(1);
  v1::CreateInstanceRequest good = GoodCreate();
  (*good.mutable_spec()->mutable_tags())["a"] = "b";
  good.mutable_spec()->mutable_seed()->set_hostname("web");
  const std::string bytes = good.SerializeAsString();
  int accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string changed = bytes;
    for (uint64_t n = random->Next() % 4; n-- > 0;)
      changed[random->Next() % changed.size()] = static_cast<char>(random->Next());
    if (random->Next() % 8 == 0) changed.resize(random->Next() % changed.size());
    const auto args = DecodeCreate(changed, Types());
    if (args.ok()) {
      ++accepted;
    } else {
      EXPECT_FALSE(ReasonOf(args.status()).empty());
    }
  }
  EXPECT_GT(accepted, 0);
}

}  // namespace
}  // namespace berth::api
