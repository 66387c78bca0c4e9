// SPDX-License-Identifier: Apache-2.0
#include "agent/node/resolve_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth::node {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

std::vector<model::InstanceType> Types() {
  std::vector<model::InstanceType> types(7);
  const char* names[] = {"t1.micro", "t1.small", "m1.large", "m1.xlarge",
                         "c1.large", "r1.large", "r1.xlarge"};
  for (size_t i = 0; i < types.size(); ++i) {
    types[i].name = names[i];
    types[i].shape = {.vcpus = static_cast<int32_t>(i) + 1, .memory_mib = 512};
  }
  types[2].root_disk_mib = 8192;
  return types;
}

CreateInstanceArgs Args() {
  CreateInstanceArgs args;
  args.spec.boot.image = "base.qcow2";
  args.spec.shape = {.vcpus = 2, .memory_mib = 512};
  return args;
}

std::vector<std::string> Fields(const Status& status) {
  std::vector<std::string> fields;
  for (const FieldViolation& violation : DetailsOf(status).violations)
    fields.push_back(violation.field);
  return fields;
}

TEST(ResolveSpecTest, ACustomShapeStaysAsItIs) {
  const auto resolved = Resolve({}, Args(), Types());
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_EQ(resolved->spec, Args().spec);
  EXPECT_EQ(resolved->default_root_disk_mib, 0);
}

TEST(ResolveSpecTest, ATypeIsReplacedByItsShapeAndKeepsItsName) {
  CreateInstanceArgs args = Args();
  args.spec.shape = {};
  args.spec.instance_type = "m1.large";
  const auto resolved = Resolve({}, args, Types());
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_EQ(resolved->spec.shape.vcpus, 3);
  EXPECT_EQ(resolved->spec.instance_type, "m1.large");
  EXPECT_EQ(resolved->default_root_disk_mib, 8192);
}

TEST(ResolveSpecTest, AnUnknownTypeNamesTheNearestKnownOnes) {
  CreateInstanceArgs args = Args();
  args.spec.shape = {};
  args.spec.instance_type = "m1.larg";
  const Status status = Resolve({}, args, Types()).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(status), reasons::kInvalidField);
  EXPECT_THAT(Fields(status), UnorderedElementsAre("spec.instance_type"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("types: m1.large, m1.xlarge, "));
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("r1.xlarge"))) << "not all of them";
}

TEST(ResolveSpecTest, ANodeWithoutTypesSaysSo) {
  CreateInstanceArgs args = Args();
  args.spec.shape = {};
  args.spec.instance_type = "m1.large";
  EXPECT_THAT(std::string(Resolve({}, args, {}).status().message()), HasSubstr("spec.shape"));
}

TEST(ResolveSpecTest, TypeAndShapeExcludeEachOther) {
  CreateInstanceArgs args = Args();
  args.spec.instance_type = "m1.large";
  EXPECT_THAT(Fields(Resolve({}, args, Types()).status()), UnorderedElementsAre("spec.shape"));
}

TEST(ResolveSpecTest, EveryFaultIsNamedAtOnce) {
  CallContext call;
  call.request_id = "has space";
  call.control_epoch = -1;
  CreateInstanceArgs args = Args();
  args.instance_id = "i-XYZ";
  args.spec.name = "<&>\"'/..";
  args.spec.shape = {};
  args.spec.boot.image = "../../etc/passwd";
  args.spec.first_boot.user_data = std::string(20000, 'x');
  EXPECT_THAT(Fields(Resolve(call, args, Types()).status()),
              UnorderedElementsAre("request_id", "control_epoch", "instance_id", "spec.name",
                                   "spec.shape.vcpus", "spec.shape.memory_mib",
                                   "spec.boot.disk.image", "spec.seed.user_data"));
}

TEST(ResolveSpecTest, AHugeNameDoesNotMakeAHugeAnswer) {
  CreateInstanceArgs args = Args();
  args.spec.shape = {};
  args.spec.name = std::string(1 << 20, 'n');
  args.spec.instance_type = std::string(1 << 20, 't');
  const Status status = Resolve({}, args, Types()).status();
  EXPECT_THAT(Fields(status), UnorderedElementsAre("spec.name", "spec.instance_type"));
  EXPECT_LT(status.message().size(), 2000u);
}

}  // namespace
}  // namespace berth::node
