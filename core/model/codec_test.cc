// SPDX-License-Identifier: Apache-2.0
#include "core/model/codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "core/base/error.h"

namespace berth::model {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

WallTime At(int64_t millis) { return WallTime(Duration(millis)); }

// Every member has a value that is not its default, so that none can be left out unseen.
InstanceSpec FullSpec() {
  return {.name = "web \"<&>'/..\" ü\n",
          .tenant_id = "acme",
          .tags = {{"role", "db"}, {"", "empty key"}, {"bytes\xff", "\xfe"}},
          .instance_type = "m1.large",
          .shape = {.vcpus = 1024,
                    .memory_mib = 64LL << 20,
                    .cpu_policy = CpuPolicy::kMixed,
                    .dedicated_vcpus = {0, 3},
                    .smt_policy = SmtPolicy::kRequire,
                    .core_sharing = CoreSharing::kNone,
                    .emulator_policy = EmulatorPolicy::kIsolate,
                    .page_size = {PageSize::Kind::kExact, 2048},
                    .numa = {.kind = Numa::Kind::kExplicit,
                             .cells = 2,
                             .explicit_cells = {{{0, 3}, {1}, 512, {PageSize::Kind::kLarge, 0}}}},
                    .node_set = {1, 7},
                    .devices = {{"gpu", "h100", 2, Affinity::kRequired}},
                    .reserve_when_stopped = true},
          .boot = {.image = "debian.qcow2",
                   .kernel = "vmlinuz",
                   .initrd = "initrd",
                   .command_line = "console=ttyS0 quiet"},
          .root_disk_mib = std::numeric_limits<int64_t>::max(),
          .first_boot = {.hostname = "web-1",
                         .ssh_authorized_keys = {"ssh-ed25519 AAAA a@b", ""},
                         .user_data = std::string("\x1f\x8b\0gzip\xff", 8),
                         .network_config = "version: 2\n"},
          .platform = {CpuModelPolicy::kNamed, "Nehalem"},
          .autostart = true,
          .shutdown_behavior = ShutdownBehavior::kTerminate,
          .termination_protection = true};
}

Placement FullPlacement() {
  return {.cells = {{1, {{0, 8}, {3, 9}}, {1, 2}, {8, 9, 10}, 512, 2048}},
          .emulator_cpus = {0, 1, 64},
          .devices = {"0000:41:00.0"},
          .optimal = false};
}

InstanceRecord FullRecord() {
  return {.id = "i-0123456789abcdef0",
          .spec = FullSpec(),
          .intent = Intent::kTerminated,
          .generation = 7,
          .state = InstanceState::kShuttingDown,
          .state_reason = {"Client.UserInitiatedShutdown", "by a user"},
          .state_time = At(1767225600000),
          .observed_generation = 6,
          .observed_time = At(1767225600123),
          .reachable = false,
          .recoveries = {At(1), At(2)},
          .boot_count = 3,
          .boot_id = "boot",
          .accel = "kvm",
          .guest_pid = 4711,
          .operation_id = "op-1",
          .run_claim_id = "c-1",
          .disk_claim_id = "c-2",
          .placement = FullPlacement(),
          .overhead_mib = 92,
          .claimed_disk_mib = 2048,
          .created = At(-5),
          .terminated = At(std::numeric_limits<int64_t>::max()),
          .revision = 41};
}

Operation FullOperation() {
  const Error error{StatusCode::kResourceExhausted, "STORAGE_FULL", "no space left"};
  return {.id = "op-1",
          .target = "i-0123456789abcdef0",
          .kind = OperationKind::kTerminate,
          .state = OperationState::kUndoing,
          .principal = "uid:1000",
          .request_id = "abc",
          .steps = {{.kind = StepKind::kDeleteFiles,
                     .state = StepState::kUndone,
                     .attempts = 4,
                     .started = At(1),
                     .ended = At(2),
                     .last_error = error},
                    {}},
          .grace = Duration(30000),
          .created = At(3),
          .ended = At(4),
          .error = error};
}

Claim FullClaim() {
  return {.id = "c-1",
          .owner = ClaimOwner::kInstance,
          .owner_id = "i-0123456789abcdef0",
          .held = {.vcpus = 1, .memory_mib = 2, .disk_mib = 3, .dedicated_cpus = 4},
          .overhead_mib = 1,
          .tenant_id = "acme",
          .core_sharing = CoreSharing::kAny,
          .placement = FullPlacement(),
          .created = At(5),
          .expires = At(6)};
}

Reservation FullReservation() {
  return {.id = "r-1",
          .state = ReservationState::kExpired,
          .tenant_id = "acme",
          .instance_type = "m1.large",
          .shape = FullSpec().shape,
          .disk_mib = 7,
          .run_claim_id = "c-1",
          .disk_claim_id = "c-2",
          .placement = FullPlacement(),
          .overhead_mib = 92,
          .claimed_disk_mib = 2048,
          .instance_id = "i-1",
          .created = At(7),
          .expires = At(8),
          .ended = At(9),
          .revision = 10};
}

Image FullImage() {
  return {.id = "img-1",
          .name = "debian",
          .state = ImageState::kFailed,
          .state_message = "it is empty",
          .source = {"https://example.org/a", "/b", "aa", "bb", "qcow2"},
          .pinned = true,
          .format = "raw",
          .virtual_bytes = 1,
          .file_bytes = 2,
          .sha256 = "cc",
          .sha512 = "dd",
          .disk_claim_id = "cl-1",
          .last_used = At(6),
          .operation_id = "op-1",
          .created = At(7),
          .ended = At(8),
          .revision = 9};
}

BatchOutcome FullOutcome() {
  return {{{FullRecord(), {}, {}},
           {{}, {StatusCode::kResourceExhausted, "INSUFFICIENT_CAPACITY", "short"}, {{"a", "b"}}}}};
}

TEST(CodecTest, DecodingGivesBackExactlyWhatWasEncoded) {
  EXPECT_EQ(DecodeInstanceSpec(Encode(FullSpec())).value(), FullSpec());
  EXPECT_EQ(DecodeInstanceRecord(Encode(FullRecord())).value(), FullRecord());
  EXPECT_EQ(DecodeOperation(Encode(FullOperation())).value(), FullOperation());
  EXPECT_EQ(DecodeClaim(Encode(FullClaim())).value(), FullClaim());
  EXPECT_EQ(DecodeReservation(Encode(FullReservation())).value(), FullReservation());
  EXPECT_EQ(DecodeImage(Encode(FullImage())).value(), FullImage());
  EXPECT_EQ(DecodeBatchOutcome(Encode(FullOutcome())).value(), FullOutcome());
  const Event event{.type = "T",
                    .message = "m",
                    .attributes = {{"from", "a"}},
                    .principal = "uid:0",
                    .request_id = "r",
                    .operation_id = "op-1"};
  EXPECT_EQ(DecodeEvent(Encode(event)).value(), event);
}

TEST(CodecTest, DefaultsAndAbsentTimesAreKeptToo) {
  EXPECT_EQ(DecodeInstanceSpec(Encode(InstanceSpec{})).value(), InstanceSpec{});
  EXPECT_EQ(DecodeInstanceRecord(Encode(InstanceRecord{})).value(), InstanceRecord{});
  EXPECT_EQ(DecodeOperation(Encode(Operation{})).value(), Operation{});
  EXPECT_EQ(DecodeClaim(Encode(Claim{})).value(), Claim{});
  EXPECT_EQ(DecodeReservation(Encode(Reservation{})).value(), Reservation{});
  EXPECT_EQ(DecodeImage(Encode(Image{})).value(), Image{});
  EXPECT_EQ(DecodeEvent(Encode(Event{})).value(), Event{});
}

TEST(CodecTest, EveryBytePassesThroughUserData) {
  InstanceSpec spec;
  for (int byte = 0; byte < 256; ++byte)
    spec.first_boot.user_data.push_back(static_cast<char>(byte));
  EXPECT_EQ(DecodeInstanceSpec(Encode(spec)).value(), spec);
  spec.first_boot.user_data = R"({"hex": "00"})";  // Text that looks like the form of bytes.
  EXPECT_EQ(DecodeInstanceSpec(Encode(spec)).value(), spec);
}

// The stored form itself, since older ledgers hold it: a change here needs a migration.
TEST(CodecTest, IsReadableByAPerson) {
  EXPECT_EQ(Encode(FullClaim()),
            R"({"id":"c-1","owner":"instance","owner_id":"i-0123456789abcdef0",)"
            R"("held":{"vcpus":1,"memory_mib":2,"disk_mib":3,"dedicated_cpus":4},"overhead_mib":1,)"
            R"("tenant_id":"acme","core_sharing":"any","placement":{"cells":[{"node":1,)"
            R"("vcpu_pins":[[0,8],[3,9]],"shared_vcpus":[1,2],"charged_cpus":"8-10",)"
            R"("memory_mib":512,"page_size_kib":2048}],"emulator_cpus":"0-1,64",)"
            R"("devices":["0000:41:00.0"],"optimal":false},"created":5,"expires":6})");
  const Json operation = Json::parse(Encode(FullOperation()));
  EXPECT_EQ(operation["kind"], "terminate");
  EXPECT_EQ(operation["steps"][0]["kind"], "delete_files");
  EXPECT_EQ(operation["steps"][0]["last_error"]["code"], "RESOURCE_EXHAUSTED");
  EXPECT_EQ(operation["steps"][1]["started"], nullptr);
  const Json spec = Json::parse(Encode(FullSpec()));
  EXPECT_EQ(spec["first_boot"]["user_data"]["hex"], "1f8b00677a6970ff");
  EXPECT_EQ(spec["tags"][1], Json::array({Json{{"hex", "6279746573ff"}}, Json{{"hex", "fe"}}}));
}

// --- What Encode does not write
// -------------------------------------------------------------------

struct Fault {
  const char* pointer;   // Where in a record's JSON,
  Json value;            // what is put there (discarded: the member is removed),
  const char* expected;  // and what the error says.
};

TEST(CodecTest, NamesTheMemberThatIsNotAsItShouldBe) {
  const std::vector<Fault> faults = {
      {"/spec/shape/vcpus", "many", "spec.shape.vcpus: not a 64-bit integer"},
      {"/spec/shape/vcpus", 1.5, "spec.shape.vcpus: not a 64-bit integer"},
      {"/spec/shape/vcpus", 3000000000, "spec.shape.vcpus: not a 32-bit integer"},
      {"/generation", 18446744073709551615ULL, "generation: not a 64-bit integer"},
      {"/generation", nullptr, "generation: not a 64-bit integer"},
      {"/spec/name", 7, "spec.name: not a string"},
      {"/spec/name", {{"hex", "0"}}, "spec.name: not a string"},
      {"/spec/name", {{"hex", "zz"}}, "spec.name: not a string"},
      {"/spec/name", {{"hex", "00"}, {"more", 1}}, "spec.name: not a string"},
      {"/spec/autostart", 1, "spec.autostart: not true or false"},
      {"/spec/shape", Json::array(), "spec.shape: not an object"},
      {"/spec/tags", Json::object(), "spec.tags: not a list of pairs"},
      {"/spec/tags/0", Json::array({"only"}), "spec.tags: not a list of pairs"},
      {"/spec/first_boot/ssh_authorized_keys", "one", "ssh_authorized_keys: not a list"},
      {"/spec/first_boot/ssh_authorized_keys/1", 4, "ssh_authorized_keys[1]: not a string"},
      {"/state", "running", "state: not one of the known names"},
      {"/state", 1, "state: not one of the known names"},
      {"/observed_time", "now", "observed_time: not a 64-bit integer"},
      {"/spec/boot/image", Json(Json::value_t::discarded), "spec.boot.image: missing"},
      {"/terminated", Json(Json::value_t::discarded), "terminated: missing"},
      {"/spec/shape/gpus", 1, "spec.shape: unknown member \"gpus\""},
      {"/extra", 1, "the text: unknown member \"extra\""},
  };
  for (const Fault& fault : faults) {
    Json record = Json::parse(Encode(FullRecord()));
    const Json::json_pointer pointer(fault.pointer);
    if (fault.value.is_discarded())
      record[pointer.parent_pointer()].erase(pointer.back());
    else
      record[pointer] = fault.value;
    const auto decoded = DecodeInstanceRecord(record.dump());
    EXPECT_EQ(decoded.status().code(), StatusCode::kDataLoss) << fault.pointer;
    EXPECT_THAT(std::string(decoded.status().message()), HasSubstr(fault.expected));
  }
}

TEST(CodecTest, NamesAStepByItsPlace) {
  Json operation = Json::parse(Encode(FullOperation()));
  operation["steps"][1]["last_error"]["code"] = "BAD";
  EXPECT_THAT(std::string(DecodeOperation(operation.dump()).status().message()),
              HasSubstr("steps[1].last_error.code: not the name of a status code"));
}

TEST(CodecTest, TextThatIsNoJsonIsDataLoss) {
  const std::string whole = Encode(FullRecord());
  for (const std::string& text :
       {std::string(), std::string("null"), std::string("[]"), std::string("{}"),
        std::string("\xff"), whole + "x", whole.substr(0, whole.size() / 2)})
    EXPECT_EQ(DecodeInstanceRecord(text).status().code(), StatusCode::kDataLoss) << text;
}

}  // namespace
}  // namespace berth::model
