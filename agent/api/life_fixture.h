// SPDX-License-Identifier: Apache-2.0
// Tests of calls on instances over the socket, of a whole agent over fakes.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "agent/api/test_agent.h"

namespace berth::api {

inline constexpr char kId[] = "i-0123456789abcdef0";

class LifeTest : public testing::Test {
 protected:
  static v1::CreateInstanceRequest Wish(const std::string& request_id = "") {
    v1::CreateInstanceRequest request;
    request.set_request_id(request_id);
    request.mutable_spec()->set_name("web");
    request.mutable_spec()->set_instance_type("m1.small");
    request.mutable_spec()->mutable_boot()->mutable_disk()->set_image("base.qcow2");
    request.mutable_spec()->mutable_seed()->set_user_data("#!/bin/sh\n");
    return request;
  }
  v1::Instance Create(const v1::CreateInstanceRequest& request) {
    grpc::ClientContext context;
    v1::Instance reply;
    const grpc::Status status = agent_.instances->CreateInstance(&context, request, &reply);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return reply;
  }
  WireError CreateError(const v1::CreateInstanceRequest& request) {
    grpc::ClientContext context;
    v1::Instance reply;
    return Decode(agent_.instances->CreateInstance(&context, request, &reply));
  }
  v1::Instance Get(const std::string& id) {
    grpc::ClientContext context;
    v1::GetInstanceRequest request;
    request.set_instance_id(id);
    v1::Instance reply;
    EXPECT_TRUE(agent_.instances->GetInstance(&context, request, &reply).ok());
    return reply;
  }
  v1::Operation Wait(const v1::Instance& instance) {
    grpc::ClientContext context;
    v1::WaitOperationRequest request;
    request.set_operation_id(instance.status().operation());
    v1::Operation reply;
    const grpc::Status status = agent_.operations->WaitOperation(&context, request, &reply);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_TRUE(reply.done());
    return reply;
  }
  // A verb that succeeds, and the end of its operation.
  template <typename Request, typename Method>
  v1::Operation Do(Method method, Request request, const std::string& id) {
    request.set_instance_id(id);
    grpc::ClientContext context;
    v1::Instance reply;
    const grpc::Status status = (agent_.instances.get()->*method)(&context, request, &reply);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return Wait(reply);
  }

  TestAgent agent_;
};

using Stub = v1::InstanceService::Stub;

}  // namespace berth::api
