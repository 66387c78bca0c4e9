// SPDX-License-Identifier: Apache-2.0
// How errors read, from what came over the wire to the lines on the terminal.
#include "cli/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/failure.h"
#include "cli/fake_agent.h"
#include "cli/field_flags.h"
#include "core/base/reasons.h"

namespace berth::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string Rendered(grpc::StatusCode code, const std::string& message, const ErrorDetails& details,
                     const Asked& asked = {}) {
  return RenderFailure("create", FromGrpc(AgentError(code, message, details)), asked, false);
}

TEST(ReportTest, EveryFaultStandsInALineWithItsFlag) {
  const std::string text = Rendered(
      grpc::StatusCode::INVALID_ARGUMENT,
      "spec.name: use letters; spec.shape.vcpus: choose 1 to 1024",
      {.reason = reasons::kInvalidField,
       .violations = {{"spec.name", "use letters"}, {"spec.shape.vcpus", "choose 1 to 1024"}}});
  EXPECT_EQ(text,
            "berthctl: create: 2 fields are not right\n"
            "  spec.name (--name): use letters\n"
            "  spec.shape.vcpus (--vcpus): choose 1 to 1024\n");
}

TEST(ReportTest, NoCapacitySaysWhatIsShortAndWhatWouldFit) {
  const std::string text = Rendered(grpc::StatusCode::RESOURCE_EXHAUSTED, "short of memory",
                                    {.reason = reasons::kInsufficientCapacity,
                                     .metadata = {{"memory_mib_wanted", "4096"},
                                                  {"memory_mib_free", "1536"},
                                                  {"node1_vcpus_wanted", "8"},
                                                  {"node1_vcpus_free", "6"},
                                                  {"nearest_memory_mib", "1400"}}});
  EXPECT_THAT(text, HasSubstr("-> memory: 4 GiB wanted, 1.5 GiB free, 2.5 GiB too little\n"));
  EXPECT_THAT(text, HasSubstr("-> vCPUs on NUMA node 1: 8 wanted, 6 free, 2 too little\n"));
  EXPECT_THAT(text, HasSubstr("would fit, with all else as it is: --memory 1400M\n"));
  EXPECT_THAT(text, HasSubstr("berthctl node get"));
}

TEST(ReportTest, FiguresThatAreNoneAreLeftOut) {
  const std::string text = Rendered(
      grpc::StatusCode::RESOURCE_EXHAUSTED, "short of memory",
      {.reason = reasons::kInsufficientCapacity,
       .metadata = {
           {"memory_mib_wanted", "much"}, {"memory_mib_free", "1"}, {"disk_mib_wanted", "5"}}});
  EXPECT_THAT(text, Not(HasSubstr("too little")));
}

TEST(ReportTest, EachKindOfTroubleSaysWhatToDoNext) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {reasons::kHypervisorUnavailable, "berthctl doctor"},
      {reasons::kIdempotentParameterMismatch, "word for word"},
      {reasons::kImageNotFound, "image directory (/var/lib/berth/images"},
      {reasons::kInstanceNotFound, "berthctl instance list"},
      {reasons::kOperationInProgress, "berthctl operation wait op-1"},
      {reasons::kGuestStuck, "--force"},
      {kUnreachable, "is berthd running?"}};
  for (const auto& [reason, advice] : cases)
    EXPECT_THAT(Rendered(grpc::StatusCode::UNAVAILABLE, "no",
                         {.reason = reason, .metadata = {{"operation_id", "op-1"}}}),
                HasSubstr(advice))
        << reason;
}

TEST(ReportTest, ADeniedSocketNamesItsGroup) {
  const Status status = MakeError(
      StatusCode::kUnavailable, "no agent",
      {.reason = kUnreachable, .metadata = {{"socket_state", "denied"}, {"group", "berth"}}});
  EXPECT_THAT(RenderFailure("list", status, {}, false), HasSubstr("usermod -aG berth"));
}

TEST(ReportTest, AnUnknownOutcomeGivesTheRequestIdToRepeatWith) {
  const Status lost = MakeError(StatusCode::kUnavailable, kNoReply, "the connection broke");
  EXPECT_THAT(RenderFailure("create", lost, {.request_id = "r-1"}, false),
              HasSubstr("--request-id r-1"));
  const Status refused = MakeError(StatusCode::kNotFound, reasons::kImageNotFound, "no image");
  EXPECT_THAT(RenderFailure("create", refused, {.request_id = "r-1"}, false),
              Not(HasSubstr("--request-id")));
}

TEST(ReportTest, DetailsThatCannotBeReadLeaveTheMessage) {
  const grpc::Status status(grpc::StatusCode::INTERNAL, "broken", "\xff\xff not a message");
  EXPECT_THAT(RenderFailure("get", FromGrpc(status), {}, false),
              HasSubstr("berthctl: get: broken\n"));
}

TEST(ReportTest, AFieldBelowAnotherHasTheSameFlag) {
  EXPECT_EQ(FlagOfField("spec.tags[\"a\"]"), "--tag");
  EXPECT_EQ(FlagOfField("spec.seed.ssh_authorized_keys[3]"), "--ssh-key");
  EXPECT_EQ(FlagOfField("spec.named"), "");
}

}  // namespace
}  // namespace berth::cli
