// SPDX-License-Identifier: Apache-2.0
// Mutating calls: exactly once over a line that breaks, several at a time, waiting for the end.
#include <nlohmann/json.hpp>
#include <set>

#include "cli/cli_fixture.h"
#include "core/base/ids.h"
#include "core/base/reasons.h"

namespace berth::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const std::vector<std::string>& CreateWords() {
  static const std::vector<std::string> kWords = {"instance", "create",  "--type",
                                                  "t1.micro", "--image", "debian.qcow2"};
  return kWords;
}

std::vector<std::string> CreateWith(std::vector<std::string> more) {
  more.insert(more.begin(), CreateWords().begin(), CreateWords().end());
  return more;
}

v1::Instance Begun() {
  v1::Instance instance = MakeInstance(kId, "web", v1::INSTANCE_STATE_PENDING);
  instance.mutable_status()->set_operation(kOperationId);
  return instance;
}

// Answers to create and get of a launch that goes well but for its operation.
void AnswerCreate(FakeAnswers& answers) {
  answers.create = [](const auto&, auto& reply) {
    reply = Begun();
    return grpc::Status::OK;
  };
  answers.get = [](const auto&, auto& reply) {
    reply = MakeInstance(kId, "web", v1::INSTANCE_STATE_RUNNING);
    return grpc::Status::OK;
  };
}

v1::Operation OperationIn(v1::Operation::State state, const std::string& phase) {
  v1::Operation operation;
  operation.set_operation_id(kOperationId);
  operation.set_state(state);
  operation.set_done(state > v1::Operation::STATE_UNDOING);
  operation.set_phase(phase);
  return operation;
}

TEST_F(CliTest, EveryCreateCarriesARequestIdOfItsOwn) {
  std::set<std::string> seen;
  answers().create = [&seen](const auto& request, auto& reply) {
    seen.insert(request.request_id());
    EXPECT_TRUE(IsRequestId(request.request_id()));
    reply = Begun();
    return grpc::Status::OK;
  };
  EXPECT_EQ(Run(CreateWords()), 0) << err();
  EXPECT_EQ(Run(CreateWords()), 0);
  EXPECT_EQ(seen.size(), 2);
  EXPECT_EQ(Run(CreateWith({"--request-id", "mine", "--control-epoch", "7"})), 0);
  EXPECT_EQ(seen.count("mine"), 1);
}

TEST_F(CliTest, ATryAgainHasTheSameRequestIdAndHeedsRetryInfo) {
  std::vector<std::string> ids;
  answers().create = [&ids](const auto& request, auto& reply) {
    ids.push_back(request.request_id());
    if (ids.size() < 3)
      return AgentError(grpc::StatusCode::UNAVAILABLE, "busy",
                        {.reason = reasons::kOverloaded, .retry_after = milliseconds(900)});
    reply = Begun();
    return grpc::Status::OK;
  };
  EXPECT_EQ(Run(CreateWords()), 0) << err();
  ASSERT_EQ(ids.size(), 3);
  EXPECT_EQ(ids[0], ids[2]);
  EXPECT_THAT(pauses_, testing::ElementsAre(milliseconds(900), milliseconds(900)));
}

TEST_F(CliTest, TryingAgainHasAnEnd) {
  int calls = 0;
  answers().create = [&calls](const auto&, auto&) {
    ++calls;
    return AgentError(grpc::StatusCode::UNAVAILABLE, "busy", {.reason = reasons::kOverloaded});
  };
  EXPECT_EQ(Run(CreateWords()), 1);
  EXPECT_EQ(calls, 5);
  EXPECT_THAT(err(), AllOf(HasSubstr("busy"), Not(HasSubstr("--request-id"))));
}

TEST_F(CliTest, AHypervisorThatIsAwayIsToldAtOnce) {
  answers().create = [](const auto&, auto&) {
    return AgentError(grpc::StatusCode::UNAVAILABLE, "libvirt does not answer",
                      {.reason = reasons::kHypervisorUnavailable});
  };
  EXPECT_EQ(Run(CreateWords()), 1);
  EXPECT_TRUE(pauses_.empty());
  EXPECT_THAT(err(), HasSubstr("berthctl doctor"));
}

TEST_F(CliTest, AnAgentThatComesBackIsAskedAgain) {
  std::vector<std::string> ids;
  const auto restart = [&] {
    if (ids.size() != 1) return;
    StopAgent();
    StartAgent();
    answers().create = [&ids](const auto& request, auto& reply) {
      ids.push_back(request.request_id());
      reply = Begun();
      return grpc::Status::OK;
    };
  };
  during_pause_ = restart;
  answers().create = [&ids](const auto& request, auto&) {
    ids.push_back(request.request_id());
    return AgentError(grpc::StatusCode::UNAVAILABLE, "going down",
                      {.reason = reasons::kAgentStopping});
  };
  EXPECT_EQ(Run(CreateWords()), 0) << err();
  ASSERT_EQ(ids.size(), 2);
  EXPECT_EQ(ids[0], ids[1]);
}

TEST_F(CliTest, AnAgentThatStaysAwayLeavesTheOutcomeUnknown) {
  std::string id;
  answers().create = [&id](const auto& request, auto&) {
    id = request.request_id();
    return AgentError(grpc::StatusCode::UNAVAILABLE, "going down",
                      {.reason = reasons::kAgentStopping});
  };
  during_pause_ = [this] { StopAgent(); };
  EXPECT_EQ(Run(CreateWords()), 3);
  EXPECT_THAT(err(), HasSubstr("repeat the same command with --request-id " + id));
}

TEST_F(CliTest, NoReplyInTimeLeavesTheOutcomeUnknown) {
  answers().create = [](const auto&, auto&) {
    return grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "");
  };
  EXPECT_EQ(Run(CreateWith({"--request-id", "mine"})), 3);
  EXPECT_THAT(err(), AllOf(HasSubstr("no reply"), HasSubstr("--request-id mine")));
}

TEST_F(CliTest, WaitShowsEachPhaseAndThenTheInstance) {
  AnswerCreate(answers());
  int calls = 0;
  answers().wait = [&](const auto&, auto& reply) {
    clock_.Advance(seconds(1));
    const char* phases[] = {"create_disk", "create_disk", "define", "resume"};
    reply = calls < 3 ? OperationIn(v1::Operation::STATE_RUNNING, phases[calls])
                      : OperationIn(v1::Operation::STATE_SUCCEEDED, phases[calls]);
    ++calls;
    return grpc::Status::OK;
  };
  EXPECT_EQ(Run(CreateWith({"--wait"})), 0) << err();
  EXPECT_EQ(err(), std::string(kId) + "  PENDING  create_disk  (1.0 s)\n" + kId +
                       "  PENDING  define  (3.0 s)\n" + kId + "  succeeded  (4.0 s)\n");
  EXPECT_THAT(out(), AllOf(HasSubstr("RUNNING"), Not(HasSubstr("PENDING"))));
}

TEST_F(CliTest, OnATerminalProgressIsOneLineThatGoesAway) {
  terminal_ = true;
  AnswerCreate(answers());
  int calls = 0;
  answers().wait = [&calls](const auto&, auto& reply) {
    reply = ++calls < 3 ? OperationIn(v1::Operation::STATE_RUNNING, "define")
                        : OperationIn(v1::Operation::STATE_SUCCEEDED, "");
    return grpc::Status::OK;
  };
  EXPECT_EQ(Run(CreateWith({"--wait"})), 0);
  EXPECT_THAT(err(), AllOf(testing::EndsWith("\r\033[K"), Not(HasSubstr("\n"))));
}

TEST_F(CliTest, AFailedLaunchIsToldWithItsPhaseAndReason) {
  AnswerCreate(answers());
  answers().wait = [](const auto&, auto& reply) {
    reply = OperationIn(v1::Operation::STATE_FAILED, "start_paused");
    reply.mutable_error()->set_code(static_cast<int>(grpc::StatusCode::RESOURCE_EXHAUSTED));
    reply.mutable_error()->set_message("the disk is full");
    return grpc::Status::OK;
  };
  EXPECT_EQ(Run(CreateWith({"--wait"})), 1);
  EXPECT_THAT(err(), HasSubstr(std::string("berthctl: create ") + kId +
                               ": start_paused: the disk is full\n"));
  EXPECT_EQ(out(), "");
}

TEST_F(CliTest, APhaseThatTheReasonBeginsWithIsSaidOnce) {
  AnswerCreate(answers());
  answers().wait = [](const auto&, auto& reply) {
    reply = OperationIn(v1::Operation::STATE_FAILED, "start_paused");
    reply.mutable_error()->set_code(static_cast<int>(grpc::StatusCode::INTERNAL));
    reply.mutable_error()->set_message("start_paused: the guest would not");
    return grpc::Status::OK;
  };
  EXPECT_EQ(Run(CreateWith({"--wait"})), 1);
  EXPECT_THAT(err(), HasSubstr(std::string("berthctl: create ") + kId +
                               ": start_paused: the guest would not\n"));
}

TEST_F(CliTest, WaitingHasAnEndAndSaysHowToGoOn) {
  AnswerCreate(answers());
  answers().wait = [this](const auto&, auto& reply) {
    clock_.Advance(seconds(20));
    reply = OperationIn(v1::Operation::STATE_RUNNING, "define");
    return grpc::Status::OK;
  };
  EXPECT_EQ(Run(CreateWith({"--wait", "--wait-timeout", "1m"})), 1);
  EXPECT_THAT(err(), AllOf(HasSubstr("still under way after 60 s"),
                           HasSubstr(std::string("berthctl operation wait ") + kOperationId)));
}

TEST_F(CliTest, WaitingGoesOnOverARestartOfTheAgent) {
  AnswerCreate(answers());
  answers().wait = [](const auto&, auto&) {
    return AgentError(grpc::StatusCode::UNAVAILABLE, "going down",
                      {.reason = reasons::kAgentStopping});
  };
  int pauses = 0;
  during_pause_ = [&] {
    if (++pauses == 2) StopAgent();
    if (pauses != 12) return;
    StartAgent();
    AnswerCreate(answers());
    answers().wait = [](const auto&, auto& reply) {
      reply = OperationIn(v1::Operation::STATE_SUCCEEDED, "");
      return grpc::Status::OK;
    };
  };
  EXPECT_EQ(Run(CreateWith({"--wait"})), 0) << err();
  EXPECT_THAT(err(), HasSubstr("the agent does not answer"));
  EXPECT_THAT(out(), HasSubstr("RUNNING"));
}

TEST_F(CliTest, ADryRunMakesNothingAndSaysSo) {
  answers().create = [](const auto& request, auto& reply) {
    EXPECT_TRUE(request.validate_only());
    reply = MakeInstance("", "web", v1::INSTANCE_STATE_PENDING);
    return grpc::Status::OK;
  };
  EXPECT_EQ(Run(CreateWith({"--dry-run"})), 0);
  EXPECT_THAT(err(), HasSubstr("nothing was made"));
  EXPECT_EQ(Run(CreateWith({"--dry-run", "--wait"})), 2);
}

TEST_F(CliTest, OneThatFailsDoesNotKeepTheOthersFromBeingDone) {
  std::vector<v1::StopInstanceRequest> asked;
  answers().stop = [&asked](const auto& request, auto& reply) {
    asked.push_back(request);
    if (request.instance_id() == kId)
      return AgentError(grpc::StatusCode::FAILED_PRECONDITION, "it is PENDING",
                        {.reason = reasons::kIncorrectInstanceState,
                         .metadata = {{"state", "PENDING"}, {"allowed_states", "RUNNING"}}});
    reply = MakeInstance(request.instance_id(), "web", v1::INSTANCE_STATE_STOPPING);
    return grpc::Status::OK;
  };
  EXPECT_EQ(Run({"instance", "stop", kId, kOtherId, kOtherId, "--grace", "2m"}), 1);
  ASSERT_EQ(asked.size(), 2) << "each once";
  EXPECT_NE(asked[0].request_id(), asked[1].request_id());
  EXPECT_EQ(asked[1].timeout().seconds(), 120);
  EXPECT_THAT(out(), AllOf(HasSubstr(kOtherId), HasSubstr("STOPPING"), Not(HasSubstr(kId))));
  EXPECT_THAT(err(), AllOf(HasSubstr(kId), HasSubstr("this is for instances that are RUNNING")));
}

TEST_F(CliTest, AVerbRefusesWhatContradictsItselfBeforeAnythingIsAsked) {
  int calls = 0;
  answers().stop = [&calls](const auto&, auto&) {
    ++calls;
    return grpc::Status::OK;
  };
  EXPECT_EQ(Run({"instance", "stop", kId, "--force", "--grace", "5s"}), 2);
  EXPECT_EQ(Run({"instance", "stop", kId, "--grace", "5"}), 2);
  EXPECT_EQ(Run({"instance", "stop", kId, kOtherId, "--request-id", "r"}), 2);
  EXPECT_EQ(Run({"instance", "stop", kId, "--wait", "--wait-timeout", "x"}), 2);
  EXPECT_EQ(calls, 0);
}

}  // namespace
}  // namespace berth::cli
