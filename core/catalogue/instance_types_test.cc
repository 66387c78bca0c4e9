// SPDX-License-Identifier: Apache-2.0
#include "core/catalogue/instance_types.h"

#include <gmock/gmock.h>

#include "core/base/error.h"

namespace berth {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

auto Fault(const std::string& path, const std::string& cure) {
  return AllOf(StartsWith(path + ": "), HasSubstr(cure));
}

// Each as "path: cure".
std::vector<std::string> FaultsOf(std::string_view text) {
  std::vector<std::string> faults;
  for (const FieldViolation& fault : DetailsOf(ParseInstanceTypes(text).status()).violations)
    faults.push_back(fault.field + ": " + fault.description);
  return faults;
}

TEST(InstanceTypesTest, ReadsEveryPolicy) {
  const auto types = ParseInstanceTypes(R"({"instance_types": [
      {"name": "c1.pinned", "family": "compute", "vcpus": 4, "memory_mib": 512,
       "cpu_policy": "dedicated", "smt_policy": "require", "core_sharing": "none",
       "emulator_policy": "isolate", "page_size": "large", "reserve_when_stopped": true}]})");
  ASSERT_TRUE(types.ok()) << types.status();
  const model::Shape& shape = types->front().shape;
  EXPECT_EQ(shape.cpu_policy, model::CpuPolicy::kDedicated);
  EXPECT_EQ(shape.smt_policy, model::SmtPolicy::kRequire);
  EXPECT_EQ(shape.core_sharing, model::CoreSharing::kNone);
  EXPECT_EQ(shape.emulator_policy, model::EmulatorPolicy::kIsolate);
  EXPECT_EQ(shape.page_size.kind, model::PageSize::Kind::kLarge);
  EXPECT_TRUE(shape.reserve_when_stopped);
  EXPECT_THAT(FaultsOf(R"({"instance_types": [{"name": "a", "family": "f", "vcpus": 1,
      "memory_mib": 512, "reserve_when_stopped": 1}]})"),
              ElementsAre(Fault("instance_types[0].reserve_when_stopped", "true or false")));
}

TEST(InstanceTypesTest, ReadsTypesInOrder) {
  const auto types = ParseInstanceTypes(R"({"instance_types": [
      {"name": "b1.nano", "family": "burstable", "vcpus": 1, "memory_mib": 512},
      {"name": "m1.large", "family": "general", "description": "Balanced.", "vcpus": 2,
       "memory_mib": 8192, "root_disk_mib": 20480, "cpu_policy": "shared"}]})");
  ASSERT_TRUE(types.ok()) << types.status();
  ASSERT_EQ(types->size(), 2u);
  EXPECT_EQ((*types)[0].name, "b1.nano");
  EXPECT_EQ((*types)[0].root_disk_mib, 0);
  const model::InstanceType expected = {.name = "m1.large",
                                        .family = "general",
                                        .description = "Balanced.",
                                        .shape = {.vcpus = 2, .memory_mib = 8192},
                                        .root_disk_mib = 20480};
  EXPECT_EQ((*types)[1], expected);
}

TEST(InstanceTypesTest, EveryFaultIsReportedWithTheIndexOfItsType) {
  EXPECT_THAT(
      FaultsOf(R"({"instance_types": [
          {"name": "M1 large", "family": "g", "vcpus": 0, "memory_mib": 64},
          {"name": "a", "family": "g", "vcpus": 1, "memory_mib": 0, "memory": 5},
          {"name": "a", "family": "g", "vcpus": 2048, "memory_mib": 64, "cpu_policy": "fast"},
          7, {}]})"),
      testing::UnorderedElementsAre(Fault("instance_types[0].name", "must be 1 to 63"),
                                    Fault("instance_types[0].vcpus", "from 1 to 1024"),
                                    Fault("instance_types[1].memory_mib", "must be a whole number"),
                                    Fault("instance_types[1].memory", "not known here"),
                                    Fault("instance_types[2].name", "earlier type"),
                                    Fault("instance_types[2].vcpus", "from 1 to 1024"),
                                    Fault("instance_types[2].cpu_policy", "must be one of: shared"),
                                    Fault("instance_types[3]", "must be an object"),
                                    Fault("instance_types[4].name", "missing"),
                                    Fault("instance_types[4].family", "missing"),
                                    Fault("instance_types[4].vcpus", "missing"),
                                    Fault("instance_types[4].memory_mib", "missing")));
}

TEST(InstanceTypesTest, TheListMustBeThere) {
  EXPECT_THAT(FaultsOf("{}"), ElementsAre(Fault("instance_types", "missing")));
  EXPECT_THAT(FaultsOf("{\"instance_types\": {}}"),
              ElementsAre(Fault("instance_types", "must be an array")));
  EXPECT_THAT(FaultsOf(""), ElementsAre(Fault("", "is not JSON")));
}

}  // namespace
}  // namespace berth
