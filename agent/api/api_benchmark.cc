// SPDX-License-Identifier: Apache-2.0
// What a call costs beyond gRPC itself: GetInstance through everything this room does, against a
// generated service of the same library that answers with an empty message, over the same kind of
// socket and in the same run. `ratio` in docs/specification.md is the second over the first.
#include <benchmark/benchmark.h>

#include "agent/api/empty_server.h"
#include "agent/api/test_agent.h"

namespace berth::api {
namespace {

void EmptyCall(benchmark::State& state) {
  const TempDirectory directory;
  const EmptyServer server(directory.Path("socket"));
  for ([[maybe_unused]] const auto iteration : state) {
    grpc::ClientContext context;
    v1::Node reply;
    if (!server.stub->GetNode(&context, v1::GetNodeRequest(), &reply).ok())
      state.SkipWithError("failed");
  }
}
BENCHMARK(EmptyCall)->Unit(benchmark::kMicrosecond)->UseRealTime();

void GetInstance(benchmark::State& state) {
  TestAgent agent;
  v1::CreateInstanceRequest create;
  create.mutable_spec()->set_instance_type("m1.small");
  create.mutable_spec()->mutable_boot()->mutable_disk()->set_image("base.qcow2");
  grpc::ClientContext create_context;
  v1::Instance created;
  agent.instances->CreateInstance(&create_context, create, &created);
  v1::GetInstanceRequest request;
  request.set_instance_id(created.instance_id());
  for ([[maybe_unused]] const auto iteration : state) {
    grpc::ClientContext context;
    v1::Instance reply;
    if (!agent.instances->GetInstance(&context, request, &reply).ok())
      state.SkipWithError("failed");
  }
}
BENCHMARK(GetInstance)->Unit(benchmark::kMicrosecond)->UseRealTime();

}  // namespace
}  // namespace berth::api
