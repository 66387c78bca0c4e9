// SPDX-License-Identifier: Apache-2.0
// The command line as a whole: what is understood, what is refused, what is written where.
#include "cli/command_line.h"

#include <nlohmann/json.hpp>

#include "cli/cli_fixture.h"
#include "core/base/reasons.h"

namespace berth::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST_F(CliTest, WhatIsNotUnderstoodIsBadUsageAndNamesTheHelp) {
  EXPECT_EQ(Run({"instance", "frobnicate"}), 2);
  EXPECT_THAT(err(), AllOf(HasSubstr("no command 'frobnicate'"), HasSubstr("console-log"),
                           HasSubstr("see: berthctl instance --help")));
  EXPECT_EQ(Run({"instance"}), 2);
  EXPECT_THAT(err(), HasSubstr("a command is missing"));
  EXPECT_EQ(Run({"instance", "stop"}), 2);
  EXPECT_EQ(Run({"instance", "list", "--frob"}), 2);
  EXPECT_EQ(Run({"types", "-o", "xml"}), 2);
  EXPECT_THAT(err(), HasSubstr("table, wide, json"));
  EXPECT_EQ(Run({"types", "--timeout", "soon"}), 2);
  EXPECT_EQ(Run({"types", "--timeout", "0s"}), 2);
  EXPECT_EQ(out(), "");
}

TEST_F(CliTest, HelpOfEveryCommandHasAnExample) {
  const std::vector<std::vector<std::string>> commands = {{"instance", "create"},
                                                          {"instance", "list"},
                                                          {"instance", "get"},
                                                          {"instance", "start"},
                                                          {"instance", "stop"},
                                                          {"instance", "reboot"},
                                                          {"instance", "terminate"},
                                                          {"instance", "console-log"},
                                                          {"node", "get"},
                                                          {"types"},
                                                          {"doctor"},
                                                          {"plan"},
                                                          {"operation", "get"},
                                                          {"operation", "wait"}};
  for (std::vector<std::string> words : commands) {
    words.emplace_back("--help");
    EXPECT_EQ(Run(words), 0);
    EXPECT_THAT(out(), HasSubstr("Example")) << words[0];
  }
}

TEST_F(CliTest, GlobalOptionsMayStandBehindTheCommand) {
  answers().list = [](const auto&, auto& reply) {
    *reply.add_instances() = MakeInstance(kId, "web", v1::INSTANCE_STATE_RUNNING);
    return grpc::Status::OK;
  };
  EXPECT_EQ(Run({"-o", "json", "instance", "list"}), 0);
  const std::string before = out();
  EXPECT_EQ(Run({"instance", "list", "-o", "json"}), 0);
  EXPECT_EQ(out(), before);
  const auto json = nlohmann::json::parse(before);
  EXPECT_EQ(json["instances"][0]["status"]["state"], "INSTANCE_STATE_RUNNING");
  EXPECT_EQ(json["instances"][0]["status"]["operation"], "") << "defaults are written too";
}

TEST_F(CliTest, TheIdIsTheFirstColumnAndAnUnreachableStateIsMarked) {
  answers().list = [](const auto&, auto& reply) {
    *reply.add_instances() = MakeInstance(kId, "web", v1::INSTANCE_STATE_RUNNING);
    reply.mutable_instances(0)->mutable_status()->set_reachable(false);
    return grpc::Status::OK;
  };
  EXPECT_EQ(Run({"instance", "list"}), 0);
  EXPECT_THAT(out(), HasSubstr(std::string("\n") + kId + "  web   RUNNING?  t1.micro"));
  EXPECT_THAT(out(), Not(HasSubstr("\033"))) << "no colour where there is no terminal";
  terminal_ = true;
  EXPECT_EQ(Run({"instance", "list"}), 0);
  EXPECT_THAT(out(), HasSubstr("\033["));
  EXPECT_EQ(Run({"instance", "list", "--no-color"}), 0);
  EXPECT_THAT(out(), Not(HasSubstr("\033")));
}

TEST_F(CliTest, AFilterGoesToTheAgentInItsWords) {
  v1::ListInstancesRequest asked;
  answers().list = [&asked](const auto& request, auto&) {
    asked = request;
    return grpc::Status::OK;
  };
  EXPECT_EQ(Run({"instance", "list", "--state", "running", "--state", "shutting-down", "--tenant",
                 "acme"}),
            0);
  EXPECT_THAT(asked.states(),
              testing::ElementsAre(v1::INSTANCE_STATE_RUNNING, v1::INSTANCE_STATE_SHUTTING_DOWN));
  EXPECT_EQ(asked.tenant_id(), "acme");
  EXPECT_EQ(Run({"instance", "list", "--state", "asleep"}), 2);
  EXPECT_THAT(err(), HasSubstr("--state asleep"));
}

TEST_F(CliTest, GetTakesNamesAndShowsWhatItFoundDespiteFaults) {
  answers().list = [](const auto&, auto& reply) {
    *reply.add_instances() = MakeInstance(kId, "web", v1::INSTANCE_STATE_RUNNING);
    return grpc::Status::OK;
  };
  answers().get = [](const auto& request, auto& reply) {
    if (request.instance_id() != kId)
      return AgentError(grpc::StatusCode::NOT_FOUND, "there is no such instance",
                        {.reason = reasons::kInstanceNotFound});
    reply = MakeInstance(kId, "web", v1::INSTANCE_STATE_RUNNING);
    return grpc::Status::OK;
  };
  EXPECT_EQ(Run({"instance", "get", "web", kOtherId}), 1);
  EXPECT_THAT(out(), HasSubstr("State:"));
  EXPECT_THAT(err(), AllOf(HasSubstr(kOtherId), HasSubstr("berthctl instance list")));
  EXPECT_EQ(Run({"instance", "get", "web", "-o", "json"}), 0);
  EXPECT_EQ(nlohmann::json::parse(out())["instance_id"], kId);
}

TEST_F(CliTest, AConsoleLogIsWrittenByteForByte) {
  const std::string bytes("boot\r\n\0\x1b[1m\xff", 12);
  answers().console = [&bytes](const auto& request, auto& reply) {
    EXPECT_EQ(request.max_bytes(), 100);
    reply.set_output(bytes);
    return grpc::Status::OK;
  };
  EXPECT_EQ(Run({"instance", "console-log", kId, "--bytes", "100"}), 0);
  EXPECT_EQ(out(), bytes);
  EXPECT_EQ(Run({"instance", "console-log", kId, "--bytes", "0"}), 2);
  EXPECT_EQ(Run({"instance", "console-log", kId, "--bytes", "65537"}), 2);
}

TEST_F(CliTest, NodeGetShowsTheBookAndTheConditions) {
  answers().node = [](const auto&, auto& node) {
    node.set_hostname("host-1");
    node.mutable_capacity()->set_memory_mib(8192);
    node.mutable_allocatable()->set_memory_mib(7168);
    node.mutable_allocated()->set_memory_mib(8192);
    node.mutable_hypervisor()->set_uri("qemu:///system");
    node.mutable_hypervisor()->set_accelerator(v1::ACCELERATOR_TCG);
    node.mutable_hypervisor()->set_accelerator_reason("no vmx");
    auto* condition = node.add_conditions();
    condition->set_type("LibvirtReady");
    condition->set_status(v1::CONDITION_STATUS_FALSE);
    condition->set_message("away");
    return grpc::Status::OK;
  };
  EXPECT_EQ(Run({"node", "get"}), 0);
  EXPECT_THAT(out(), AllOf(HasSubstr("host-1"), HasSubstr("qemu:///system, NOT CONNECTED"),
                           HasSubstr("TCG: no vmx"), HasSubstr("8 GiB  -1 GiB"),
                           HasSubstr("LibvirtReady  FALSE")));
  EXPECT_EQ(Run({"node", "get", "-o", "json"}), 0);
  EXPECT_EQ(nlohmann::json::parse(out())["allocated"]["memory_mib"], "8192");
}

TEST_F(CliTest, WithoutAnAgentItEndsWithThreeAtOnce) {
  StopAgent();
  EXPECT_EQ(Run({"instance", "list"}), 3);
  EXPECT_THAT(err(), AllOf(HasSubstr("no agent at " + socket_), HasSubstr("is berthd running?")));
  EXPECT_TRUE(pauses_.empty());
}

TEST_F(CliTest, AFileThatIsNoSocketIsNamedAsSuch) {
  StopAgent();
  directory_.Write("berthd.sock", "not a socket");
  EXPECT_EQ(Run({"instance", "list"}), 3);
  EXPECT_THAT(err(), AllOf(HasSubstr("it is not a socket"), HasSubstr("--socket PATH")));
}

}  // namespace
}  // namespace berth::cli
