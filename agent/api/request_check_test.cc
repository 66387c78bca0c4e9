// SPDX-License-Identifier: Apache-2.0
#include "agent/api/request_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/api/call_room.h"
#include "agent/api/test_support.h"
#include "berth/v1/instance_service.pb.h"
#include "berth/v1/operation_service.pb.h"
#include "google/protobuf/unknown_field_set.h"

namespace berth::api {
namespace {

using google::protobuf::UnknownFieldSet;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

constexpr char kId[] = "i-0123456789abcdef0";

std::vector<std::string> Fields(const RequestFaults& faults) {
  std::vector<std::string> fields;
  for (const FieldViolation& violation : faults.violations()) fields.push_back(violation.field);
  return fields;
}

RequestFaults Check(const google::protobuf::Message& request) {
  return CheckRequest(request.SerializeAsString(), request);
}

UnknownFieldSet& Unknown(google::protobuf::Message& message) {
  return *message.GetReflection()->MutableUnknownFields(&message);
}

TEST(RequestCheckTest, AWellFormedRequestHasNoFaults) {
  v1::CreateInstanceRequest request;
  request.set_request_id("abc-1");
  request.mutable_spec()->set_name("web");
  (*request.mutable_spec()->mutable_tags())["role"] = "web";
  request.mutable_spec()->mutable_shape()->set_vcpus(2);
  request.mutable_spec()->mutable_shape()->set_cpu_policy(v1::CPU_POLICY_SHARED);
  EXPECT_TRUE(Check(request).empty());
}

TEST(RequestCheckTest, UnknownFieldsAreNamedAtEveryDepth) {
  v1::CreateInstanceRequest request;
  Unknown(request).AddVarint(77, 1);
  Unknown(*request.mutable_spec()).AddLengthDelimited(78, "x");
  Unknown(*request.mutable_spec()->mutable_shape()).AddFixed32(79, 1);
  Unknown(*request.mutable_spec()->add_volumes()).AddFixed64(80, 1);
  const RequestFaults faults = Check(request);
  EXPECT_THAT(Fields(faults),
              UnorderedElementsAre("#77", "spec.#78", "spec.shape.#79", "spec.volumes[0].#80"));
  const ErrorDetails details = DetailsOf(faults.ToStatus());
  EXPECT_EQ(details.reason, "UNKNOWN_FIELD");
  EXPECT_NE(details.metadata.at("fields").find("berth.v1.Shape#79"), std::string::npos);
}

// A map's entry is no message that the parsed request keeps, so this is found in the bytes alone.
TEST(RequestCheckTest, UnknownFieldsInAMapEntryAreFound) {
  UnknownFieldSet entry;
  entry.AddLengthDelimited(1, "key");
  entry.AddLengthDelimited(2, "value");
  entry.AddVarint(9, 1);
  UnknownFieldSet spec;
  std::string bytes;
  entry.SerializeToString(&bytes);
  spec.AddLengthDelimited(3, bytes);  // tags
  UnknownFieldSet request_fields;
  bytes.clear();
  spec.SerializeToString(&bytes);
  request_fields.AddLengthDelimited(6, bytes);  // spec
  bytes.clear();
  request_fields.SerializeToString(&bytes);
  v1::CreateInstanceRequest request;
  ASSERT_TRUE(ParseRequest(bytes, request).ok());
  EXPECT_THAT(Fields(CheckRequest(bytes, request)), ElementsAre("spec.tags[0].#9"));
}

TEST(RequestCheckTest, AKnownNumberOfAnotherWireTypeIsUnknown) {
  UnknownFieldSet fields;
  fields.AddVarint(1, 5);  // request_id is a string.
  std::string bytes;
  fields.SerializeToString(&bytes);
  v1::CreateInstanceRequest request;
  ASSERT_TRUE(ParseRequest(bytes, request).ok());
  EXPECT_THAT(Fields(CheckRequest(bytes, request)), ElementsAre("#1"));
}

TEST(RequestCheckTest, PackedAndUnpackedListsAreBothKnown) {
  UnknownFieldSet unpacked;
  unpacked.AddVarint(3, 1);
  unpacked.AddVarint(3, 2);
  std::string bytes;
  unpacked.SerializeToString(&bytes);
  v1::ListInstancesRequest request;
  ASSERT_TRUE(ParseRequest(bytes, request).ok());
  EXPECT_EQ(request.states_size(), 2);
  EXPECT_TRUE(CheckRequest(bytes, request).empty());
  EXPECT_TRUE(Check(request).empty());
}

TEST(RequestCheckTest, ValuesThatNoEnumHasAreRefused) {
  v1::ListInstancesRequest request;
  request.add_states(static_cast<v1::InstanceState>(99));
  request.add_states(v1::INSTANCE_STATE_RUNNING);
  request.add_states(v1::INSTANCE_STATE_UNSPECIFIED);
  EXPECT_THAT(Fields(Check(request)), ElementsAre("states[0]", "states[2]"));
}

TEST(RequestCheckTest, ControlCharactersInTextAreRefusedAndInBytesAreNot) {
  v1::CreateInstanceRequest request;
  request.mutable_spec()->set_name("a\nb");
  request.mutable_spec()->mutable_seed()->add_ssh_authorized_keys("ssh-ed25519 A\nssh-rsa B");
  request.mutable_spec()->mutable_seed()->set_user_data("#!/bin/sh\n");
  EXPECT_THAT(Fields(Check(request)),
              UnorderedElementsAre("spec.name", "spec.seed.ssh_authorized_keys[0]"));
}

TEST(RequestCheckTest, TheFieldsAllRequestsShareHaveTheirForm) {
  v1::StopInstanceRequest stop;
  stop.set_request_id("two words");
  stop.set_control_epoch(-1);
  stop.set_etag("é");
  stop.set_instance_id("i-XYZ");
  EXPECT_THAT(Fields(Check(stop)),
              UnorderedElementsAre("request_id", "control_epoch", "etag", "instance_id"));

  v1::GetInstanceRequest get;
  EXPECT_THAT(Fields(Check(get)), ElementsAre("instance_id"));
  get.set_instance_id(kId);
  EXPECT_TRUE(Check(get).empty());

  v1::WaitOperationRequest wait;
  wait.set_operation_id(kId);
  EXPECT_THAT(Fields(Check(wait)), ElementsAre("operation_id"));
  wait.set_operation_id("op-0123456789abcdef0");
  EXPECT_TRUE(Check(wait).empty());

  v1::ListInstancesRequest list;
  list.set_page_size(-5);
  list.set_page_token(std::string(600, 'x'));
  EXPECT_THAT(Fields(Check(list)), UnorderedElementsAre("page_size", "page_token"));
}

TEST(RequestCheckTest, WhatIsNotBuiltIsSaidOnlyWhereNothingElseIsWrong) {
  v1::CreateInstanceRequest request;
  request.mutable_spec()->mutable_shape()->add_devices()->set_kind("gpu");
  request.mutable_spec()->add_network_interfaces()->mutable_user();
  const Status status = Check(request).ToStatus();
  EXPECT_EQ(status.code(), StatusCode::kUnimplemented);
  EXPECT_EQ(DetailsOf(status).metadata.at("field"), "spec.shape.devices, spec.network_interfaces");
  request.set_instance_id("nonsense");
  EXPECT_EQ(Check(request).ToStatus().code(), StatusCode::kInvalidArgument);
}

TEST(RequestCheckTest, AThousandFaultsGiveABoundedAnswer) {
  v1::ListInstancesRequest request;
  for (int i = 0; i < 100000; ++i) request.add_states(static_cast<v1::InstanceState>(1000 + i));
  EXPECT_LE(Check(request).violations().size(), 100U);
}

TEST(RequestCheckTest, BytesThatAreNoRequestAreRefused) {
  v1::CreateInstanceRequest request;
  const Status garbled = ParseRequest(std::string_view("\x0a\xff\xff\xff", 4), request);
  EXPECT_EQ(garbled.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(garbled), "INVALID_FIELD");
  const Status no_text = ParseRequest(std::string_view("\x0a\x01\xff", 3), request);
  EXPECT_EQ(no_text.code(), StatusCode::kInvalidArgument);
}

TEST(RequestCheckTest, ARequestIsAtMostOneMebibyte) {
  v1::CreateInstanceRequest request;
  request.mutable_spec()->set_name(std::string(kRequestBytesMax, 'x'));
  const std::string bytes = request.SerializeAsString();
  EXPECT_EQ(ParseRequest(bytes, request).code(), StatusCode::kInvalidArgument);
  request.mutable_spec()->set_name(std::string(kRequestBytesMax - 100, 'x'));
  const std::string smaller = request.SerializeAsString();
  EXPECT_TRUE(ParseRequest(smaller, request).ok());
}

TEST(RequestCheckTest, TheSameWishHasTheSameBytesWhateverTheEpochAndTheOrderOfItsTags) {
  v1::CreateInstanceRequest one;
  v1::CreateInstanceRequest two;
  for (int i = 0; i < 40; ++i) (*one.mutable_spec()->mutable_tags())[std::to_string(i)] = "v";
  for (int i = 39; i >= 0; --i) (*two.mutable_spec()->mutable_tags())[std::to_string(i)] = "v";
  two.set_control_epoch(7);
  EXPECT_EQ(CanonicalBytes(one), CanonicalBytes(two));
  two.mutable_spec()->set_name("other");
  EXPECT_NE(CanonicalBytes(one), CanonicalBytes(two));
}

}  // namespace
}  // namespace berth::api
