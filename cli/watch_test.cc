// SPDX-License-Identifier: Apache-2.0
// Following instances over breaks, and the log of events.
#include "cli/cli_fixture.h"
#include "core/base/reasons.h"

namespace berth::cli {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

v1::WatchInstancesResponse Told(v1::InstanceState state, const std::string& token) {
  v1::WatchInstancesResponse message;
  *message.mutable_change()->mutable_instance() = MakeInstance(kId, "web", state);
  message.mutable_change()->set_type(v1::InstanceChange::TYPE_UPDATED);
  message.set_resume_token(token);
  return message;
}

TEST_F(CliTest, AWatchGoesOnAfterABreakWhereItWas) {
  std::vector<std::string> tokens;
  answers().watch = [&tokens](const auto& request, auto& messages) {
    tokens.push_back(request.resume_token());
    if (tokens.size() == 1) {
      messages = {Told(v1::INSTANCE_STATE_PENDING, "t1"), Told(v1::INSTANCE_STATE_RUNNING, "t2")};
      return AgentError(grpc::StatusCode::UNAVAILABLE, "going down",
                        {.reason = reasons::kAgentStopping});
    }
    if (tokens.size() == 2)
      return AgentError(grpc::StatusCode::OUT_OF_RANGE, "too old",
                        {.reason = reasons::kStaleResumeToken});
    return AgentError(grpc::StatusCode::INVALID_ARGUMENT, "enough", {.reason = "INVALID_FIELD"});
  };
  EXPECT_EQ(Run({"instance", "list", "--watch"}), 1);
  EXPECT_THAT(tokens, ElementsAre("", "t2", ""));
  EXPECT_THAT(out(), AllOf(HasSubstr("INSTANCE"), HasSubstr("PENDING"), HasSubstr("RUNNING")));
  EXPECT_THAT(err(), HasSubstr("once more from the beginning"));
}

TEST_F(CliTest, AWatchInJsonIsALineForEachMessage) {
  answers().watch = [](const auto&, auto& messages) {
    messages = {Told(v1::INSTANCE_STATE_PENDING, "t1"), Told(v1::INSTANCE_STATE_RUNNING, "t2")};
    return AgentError(grpc::StatusCode::INVALID_ARGUMENT, "enough", {.reason = "INVALID_FIELD"});
  };
  EXPECT_EQ(Run({"instance", "list", "--watch", "-o", "json"}), 1);
  const std::string lines = out();
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 2);
  EXPECT_THAT(out(), HasSubstr("\"resume_token\":\"t2\""));
  EXPECT_EQ(Run({"instance", "list", "--resume-token", "t2"}), 2);
}

TEST_F(CliTest, EventsAreShownOldestFirst) {
  v1::ListEventsRequest asked;
  answers().events = [&asked](const auto& request, auto& reply) {
    asked = request;
    v1::Event& event = *reply.add_events();
    event.set_type("GuestLost");
    event.set_subject(kId);
    event.set_message("the guest is gone");
    return grpc::Status::OK;
  };
  EXPECT_EQ(Run({"events", "--instance", kId, "--since", "10m"}), 0) << err();
  EXPECT_EQ(asked.instance_id(), kId);
  EXPECT_EQ(asked.start_time().seconds(), 1'800'000'000 - 600);
  EXPECT_THAT(out(), AllOf(HasSubstr("GuestLost"), HasSubstr(kId)));
  EXPECT_EQ(Run({"events", "--since", "yesterday"}), 2);
}

}  // namespace
}  // namespace berth::cli
