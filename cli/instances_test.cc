// SPDX-License-Identifier: Apache-2.0
#include "cli/instances.h"

#include <gmock/gmock.h>

#include "cli/cli_fixture.h"
#include "cli/failure.h"
#include "core/base/reasons.h"

namespace berth::cli {
namespace {

using testing::HasSubstr;

v1::ListInstancesResponse Listed(const std::vector<v1::Instance>& instances) {
  v1::ListInstancesResponse list;
  for (const v1::Instance& instance : instances) *list.add_instances() = instance;
  return list;
}

TEST(ResolveNameTest, AUniqueNameMeansItsInstance) {
  const auto all = Listed({MakeInstance(kId, "web", v1::INSTANCE_STATE_RUNNING),
                           MakeInstance(kOtherId, "db", v1::INSTANCE_STATE_RUNNING)});
  EXPECT_EQ(ResolveName("web", all).value_or(""), kId);
}

TEST(ResolveNameTest, ATerminatedNamesakeIsNotInTheWay) {
  const auto all = Listed({MakeInstance(kId, "web", v1::INSTANCE_STATE_TERMINATED),
                           MakeInstance(kOtherId, "web", v1::INSTANCE_STATE_STOPPED)});
  EXPECT_EQ(ResolveName("web", all).value_or(""), kOtherId);
  EXPECT_EQ(ResolveName("web", Listed({all.instances(0)})).value_or(""), kId);
}

TEST(ResolveNameTest, AnAmbiguousNameIsRefusedWithTheIds) {
  const auto all = Listed({MakeInstance(kId, "web", v1::INSTANCE_STATE_RUNNING),
                           MakeInstance(kOtherId, "web", v1::INSTANCE_STATE_STOPPED)});
  const auto resolved = ResolveName("web", all);
  EXPECT_EQ(ReasonOf(resolved.status()), kAmbiguousName);
  EXPECT_THAT(std::string(resolved.status().message()),
              testing::AllOf(HasSubstr(kId), HasSubstr(kOtherId)));
}

TEST(ResolveNameTest, NobodyOfThatNameIsNotFound) {
  EXPECT_EQ(ReasonOf(ResolveName("web", {}).status()), reasons::kInstanceNotFound);
  EXPECT_EQ(
      ReasonOf(
          ResolveName("", Listed({MakeInstance(kId, "a", v1::INSTANCE_STATE_RUNNING)})).status()),
      reasons::kInstanceNotFound);
}

TEST_F(CliTest, ListReadsAllPages) {
  answers().list = [](const auto& request, auto& reply) {
    const bool first = request.page_token().empty();
    *reply.add_instances() =
        MakeInstance(first ? kId : kOtherId, "web", v1::INSTANCE_STATE_RUNNING);
    reply.set_next_page_token(first ? "more" : "");
    return grpc::Status::OK;
  };
  EXPECT_EQ(Run({"instance", "list"}), 0) << err();
  EXPECT_THAT(out(), testing::AllOf(HasSubstr(kId), HasSubstr(kOtherId)));
}

TEST_F(CliTest, AListWhoseRevisionIsDroppedIsBegunAgain) {
  int calls = 0;
  answers().list = [&calls](const auto& request, auto& reply) {
    if (++calls == 2)
      return AgentError(grpc::StatusCode::OUT_OF_RANGE, "too old",
                        {.reason = reasons::kStalePageToken});
    *reply.add_instances() = MakeInstance(kId, "web", v1::INSTANCE_STATE_RUNNING);
    reply.set_next_page_token(request.page_token().empty() && calls == 1 ? "more" : "");
    return grpc::Status::OK;
  };
  EXPECT_EQ(Run({"instance", "list", "-o", "json"}), 0) << err();
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(out().find(kId), out().rfind(kId)) << out();
}

}  // namespace
}  // namespace berth::cli
