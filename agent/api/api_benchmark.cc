// SPDX-License-Identifier: Apache-2.0
// What a call costs beyond gRPC itself: GetInstance, and a list of a hundred, through everything
// this room does, against a generated service of the same library that answers with an empty
// message, over the same kind of socket and in the same run. `ratio` in docs/specification.md is
// the second over the first. And how long it takes until the last of a thousand watches has been
// told of one change.
#include <benchmark/benchmark.h>
#include <grpcpp/create_channel.h>

#include "agent/api/empty_server.h"
#include "agent/api/test_agent.h"
#include "core/base/check.h"
#include "core/base/mutex.h"

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

std::string Create(TestAgent& agent) {
  v1::CreateInstanceRequest create;
  create.mutable_spec()->mutable_shape()->set_vcpus(1);
  create.mutable_spec()->mutable_shape()->set_memory_mib(64);
  create.mutable_spec()->mutable_boot()->mutable_disk()->set_image("base.qcow2");
  grpc::ClientContext context;
  v1::Instance created;
  BERTH_CHECK(agent.instances->CreateInstance(&context, create, &created).ok(), "create");
  return created.instance_id();
}

void GetInstance(benchmark::State& state) {
  TestAgent agent;
  v1::GetInstanceRequest request;
  request.set_instance_id(Create(agent));
  for ([[maybe_unused]] const auto iteration : state) {
    grpc::ClientContext context;
    v1::Instance reply;
    if (!agent.instances->GetInstance(&context, request, &reply).ok())
      state.SkipWithError("failed");
  }
}
BENCHMARK(GetInstance)->Unit(benchmark::kMicrosecond)->UseRealTime();

void ListAHundred(benchmark::State& state) {
  TestAgent agent;
  for (int i = 0; i < 100; ++i) Create(agent);
  for ([[maybe_unused]] const auto iteration : state) {
    grpc::ClientContext context;
    v1::ListInstancesResponse reply;
    if (!agent.instances->ListInstances(&context, v1::ListInstancesRequest(), &reply).ok() ||
        reply.instances_size() != 100)
      state.SkipWithError("failed");
  }
}
BENCHMARK(ListAHundred)->Unit(benchmark::kMicrosecond)->UseRealTime();

// How many of the followers have been told what is waited for.
class Told {
 public:
  void Await(size_t count) {
    MutexLock lock(mutex_);
    while (count_ < count) condition_.Wait(mutex_);
    count_ = 0;
  }
  void Add() {
    MutexLock lock(mutex_);
    ++count_;
    condition_.NotifyAll();
  }

 private:
  Mutex mutex_;
  CondVar condition_;
  size_t count_ GUARDED_BY(mutex_) = 0;
};

class Follower final : public grpc::ClientReadReactor<v1::WatchInstancesResponse> {
 public:
  Follower(v1::InstanceService::Stub& instances, Told& told) : told_(told) {
    instances.async()->WatchInstances(&context_, &request_, this);
    StartRead(&message_);
    StartCall();
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    const bool renamed = !message_.change().instance().spec().name().empty();
    if (renamed || message_.has_synced()) told_.Add();
    StartRead(&message_);
  }
  void OnDone(const grpc::Status&) override { ended_.Add(); }
  void End() {
    context_.TryCancel();
    ended_.Await(1);
  }

 private:
  Told& told_;
  Told ended_;
  grpc::ClientContext context_;
  const v1::WatchInstancesRequest request_;
  v1::WatchInstancesResponse message_;
};

// Connections of its own, as watchers have them: one carries no more calls than the server lets it.
std::unique_ptr<v1::InstanceService::Stub> Connect(const TestAgent& agent) {
  grpc::ChannelArguments own;
  own.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return v1::InstanceService::NewStub(
      grpc::CreateCustomChannel("unix:" + agent.socket, grpc::InsecureChannelCredentials(), own));
}

void TellAThousandWatches(benchmark::State& state) {
  constexpr size_t kConnections = 10;
  constexpr size_t kWatches = 1000;
  TestAgent agent;
  v1::UpdateInstanceRequest request;
  request.set_instance_id(Create(agent));
  request.mutable_update_mask()->add_paths("name");
  std::vector<std::unique_ptr<v1::InstanceService::Stub>> connections;
  while (connections.size() < kConnections) connections.push_back(Connect(agent));
  Told told;
  std::vector<std::unique_ptr<Follower>> followers;
  while (followers.size() < kWatches)
    followers.push_back(
        std::make_unique<Follower>(*connections[followers.size() % kConnections], told));
  told.Await(kWatches);
  int number = 0;
  for ([[maybe_unused]] const auto iteration : state) {
    request.mutable_spec()->set_name("name-" + std::to_string(++number));
    grpc::ClientContext context;
    v1::Instance reply;
    if (!agent.instances->UpdateInstance(&context, request, &reply).ok())
      state.SkipWithError("failed");
    told.Await(kWatches);
  }
  for (const auto& follower : followers) follower->End();
}
BENCHMARK(TellAThousandWatches)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace berth::api
