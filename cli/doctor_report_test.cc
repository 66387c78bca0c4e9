// SPDX-License-Identifier: Apache-2.0
#include "cli/doctor_report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace berth::cli {
namespace {

const std::vector<FindingGroup>& Mixed() {
  static const std::vector<FindingGroup> kGroups = {
      {"Host", {{"cpu", FindingLevel::kOk, "fine", ""}}},
      {"Libvirt",
       {{"kvm", FindingLevel::kWarning, "slow", "turn it on"},
        {"libvirtd", FindingLevel::kProblem, "away", "start it"}}}};
  return kGroups;
}

TEST(DoctorReportTest, EachFindingHasItsMarkAndItsCure) {
  EXPECT_EQ(RenderFindings(Mixed(), false),
            "Host\n"
            "  \u2714 cpu       fine\n"
            "\n"
            "Libvirt\n"
            "  ! kvm       slow\n"
            "              cure: turn it on\n"
            "  \u2716 libvirtd  away\n"
            "              cure: start it\n"
            "\n"
            "1 problem and 1 warning: instances will not run here until the problems are cured.\n");
}

TEST(DoctorReportTest, TheVerdictIsTheWorstFinding) {
  EXPECT_EQ(Verdict(Mixed()), FindingLevel::kProblem);
  EXPECT_EQ(Verdict({Mixed()[0]}), FindingLevel::kOk);
  EXPECT_EQ(Verdict({}), FindingLevel::kOk);
  EXPECT_EQ(RenderFindings({Mixed()[0]}, false).rfind("Instances can run here (0 warnings).\n"),
            RenderFindings({Mixed()[0]}, false).find("Instances"));
}

TEST(DoctorReportTest, JsonHasTheSame) {
  const auto json = nlohmann::json::parse(FindingsAsJson(Mixed()));
  EXPECT_EQ(json["verdict"], "problem");
  ASSERT_EQ(json["findings"].size(), 3);
  EXPECT_EQ(json["findings"][1]["group"], "Libvirt");
  EXPECT_EQ(json["findings"][1]["level"], "warning");
  EXPECT_EQ(json["findings"][1]["cure"], "turn it on");
}

}  // namespace
}  // namespace berth::cli
