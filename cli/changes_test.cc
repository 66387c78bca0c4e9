// SPDX-License-Identifier: Apache-2.0
// What berthctl makes of resize, update, and the operations' own commands.
#include "cli/cli_fixture.h"
#include "core/base/reasons.h"

namespace berth::cli {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

v1::Operation ResizeIn(v1::Operation::State state) {
  v1::Operation operation;
  operation.set_operation_id(kOperationId);
  operation.set_kind(v1::Operation::KIND_RESIZE_INSTANCE);
  operation.set_target(kId);
  operation.set_state(state);
  operation.set_done(state > v1::Operation::STATE_UNDOING);
  return operation;
}

TEST_F(CliTest, AResizeSendsTypeOrShapeAndShowsTheInstanceAtItsEnd) {
  std::vector<v1::ResizeInstanceRequest> asked;
  answers().resize = [&asked](const auto& request, auto& reply) {
    asked.push_back(request);
    reply = ResizeIn(v1::Operation::STATE_RUNNING);
    return grpc::Status::OK;
  };
  answers().wait = [](const auto&, auto& reply) {
    reply = ResizeIn(v1::Operation::STATE_SUCCEEDED);
    return grpc::Status::OK;
  };
  answers().get = [](const auto&, auto& reply) {
    reply = MakeInstance(kId, "web", v1::INSTANCE_STATE_STOPPED);
    return grpc::Status::OK;
  };
  EXPECT_EQ(Run({"instance", "resize", kId, "--type", "m1.large", "--wait"}), 0) << err();
  EXPECT_THAT(out(), AllOf(HasSubstr(kId), HasSubstr("STOPPED")));
  EXPECT_EQ(Run({"instance", "resize", kId, "--vcpus", "2", "--memory", "1536M"}), 0) << err();
  EXPECT_THAT(out(), HasSubstr(kOperationId));
  ASSERT_EQ(asked.size(), 2);
  EXPECT_EQ(asked[0].instance_type(), "m1.large");
  EXPECT_FALSE(asked[0].has_shape());
  EXPECT_EQ(asked[1].shape().memory_mib(), 1536);
  EXPECT_NE(asked[0].request_id(), asked[1].request_id());
  EXPECT_EQ(Run({"instance", "resize", kId}), 2) << "neither type nor shape";
  EXPECT_EQ(Run({"instance", "resize", kId, "--type", "m1.large", "--vcpus", "2"}), 2);
  EXPECT_EQ(asked.size(), 2);
}

TEST_F(CliTest, AnUpdateNamesInItsMaskWhatWasAskedForAlone) {
  v1::UpdateInstanceRequest asked;
  answers().update = [&asked](const auto& request, auto& reply) {
    asked = request;
    reply = MakeInstance(kId, "web", v1::INSTANCE_STATE_RUNNING);
    return grpc::Status::OK;
  };
  EXPECT_EQ(Run({"instance", "update", kId, "--name", "", "--termination-protection", "yes"}), 0)
      << err();
  EXPECT_THAT(asked.update_mask().paths(), ElementsAre("name", "termination_protection"));
  EXPECT_TRUE(asked.spec().termination_protection());
  EXPECT_EQ(Run({"instance", "update", kId}), 2);
  EXPECT_EQ(Run({"instance", "update", kId, "--autostart", "maybe"}), 2);
  EXPECT_THAT(err(), HasSubstr("--autostart maybe: it is yes or no"));
}

TEST_F(CliTest, TagsAreChangedOneByOneOverThoseThatAreThereThen) {
  int reads = 0;
  answers().get = [&reads](const auto&, auto& reply) {
    reply = MakeInstance(kId, "web", v1::INSTANCE_STATE_RUNNING);
    reply.set_etag("e" + std::to_string(++reads));
    (*reply.mutable_spec()->mutable_tags())["draft"] = "yes";
    (*reply.mutable_spec()->mutable_tags())["tier"] = "tin";
    (*reply.mutable_spec()->mutable_tags())["kept"] = "so";
    return grpc::Status::OK;
  };
  v1::UpdateInstanceRequest asked;
  answers().update = [&](const auto& request, auto& reply) {
    asked = request;
    if (request.etag() == "e1")
      return AgentError(grpc::StatusCode::ABORTED, "changed", {.reason = reasons::kEtagMismatch});
    reply = MakeInstance(kId, "web", v1::INSTANCE_STATE_RUNNING);
    return grpc::Status::OK;
  };
  EXPECT_EQ(Run({"instance", "update", kId, "--tag", "tier=gold", "--untag", "draft"}), 0) << err();
  EXPECT_EQ(asked.etag(), "e2");
  EXPECT_EQ(asked.spec().tags().size(), 2);
  EXPECT_EQ(asked.spec().tags().at("tier"), "gold");
  EXPECT_EQ(asked.spec().tags().at("kept"), "so");
}

TEST_F(CliTest, OperationsAreListedByInstanceAndState) {
  v1::ListOperationsRequest asked;
  answers().operations = [&asked](const auto& request, auto& reply) {
    asked = request;
    *reply.add_operations() = ResizeIn(v1::Operation::STATE_FAILED);
    return grpc::Status::OK;
  };
  EXPECT_EQ(Run({"operation", "list", "--instance", kId, "--state", "failed"}), 0) << err();
  EXPECT_EQ(asked.target(), kId);
  EXPECT_THAT(asked.states(), ElementsAre(v1::Operation::STATE_FAILED));
  EXPECT_THAT(out(), HasSubstr("FAILED"));
  EXPECT_EQ(Run({"operation", "list", "--state", "done"}), 2);
  EXPECT_THAT(err(), HasSubstr("running, undoing, succeeded, failed, cancelled"));
}

TEST_F(CliTest, ACancelSaysWhereItCameTooLate) {
  v1::Operation::State state = v1::Operation::STATE_UNDOING;
  answers().cancel = [&state](const auto& request, auto& reply) {
    EXPECT_FALSE(request.request_id().empty());
    reply = ResizeIn(state);
    return grpc::Status::OK;
  };
  EXPECT_EQ(Run({"operation", "cancel", kOperationId}), 0) << err();
  EXPECT_THAT(err(), Not(HasSubstr("ended before")));
  state = v1::Operation::STATE_SUCCEEDED;
  EXPECT_EQ(Run({"operation", "cancel", kOperationId}), 0);
  EXPECT_THAT(err(), HasSubstr("ended before"));
}

}  // namespace
}  // namespace berth::cli
