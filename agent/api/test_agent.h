// SPDX-License-Identifier: Apache-2.0
// A whole agent in this process over a ledger in memory, a fake hypervisor and a fake disk, behind
// the real socket. Threads are real, so tests wait for operations, never for time.
#pragma once

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "agent/api/server.h"
#include "agent/api/test_support.h"
#include "agent/instance/step_runner.h"
#include "agent/ledger/memory_ledger.h"
#include "agent/ledger/sqlite_ledger.h"
#include "agent/node/node_agent.h"
#include "berth/v1/instance_service.grpc.pb.h"
#include "berth/v1/node_service.grpc.pb.h"
#include "berth/v1/operation_service.grpc.pb.h"
#include "core/base/check.h"
#include "core/base/thread_pool.h"
#include "drivers/fake/fake_host.h"
#include "drivers/fake/fake_hypervisor.h"
#include "drivers/storage/fake_storage.h"
#include "tests/support/temp_directory.h"

namespace berth::api {

// What a TestAgent stands on; the defaults are 64 CPUs for shared vCPUs, and a ledger in memory.
struct TestGround {
  model::Topology topology = Machine();
  model::Capacity capacity = Room();
  std::string ledger_path;  // "": in memory; else an SQLite file.

  static model::Capacity Room() {
    model::Capacity capacity{.total = {.vcpus = 66, .memory_mib = 66560, .disk_mib = 1 << 20},
                             .reserved = {.vcpus = 2, .memory_mib = 1024},
                             .cpu_overcommit = 2.0};
    for (int cpu = 2; cpu < 66; ++cpu) capacity.shared_cpus.Add(cpu);
    return capacity;
  }
  static model::Topology Machine() {
    model::NumaNode numa;
    numa.socket = 0;
    numa.memory_mib = 66560;
    numa.cores = {{.cpus = {0, 2}}, {.cpus = {1, 3}}};
    for (int cpu = 4; cpu < 66; ++cpu) numa.cores.push_back({.cpus = {cpu}});
    numa.distances = {10};
    return {.nodes = {numa}, .devices = {}};
  }
};

class TestAgent {
 public:
  explicit TestAgent(CallRoom::Limits limits = {}, const TestGround& ground = {})
      : ledger(OpenLedger(ground.ledger_path)),
        hypervisor(host, pool, {.node_id = ledger->View()->identity.node_id}),
        steps(hypervisor, storage, {ground.topology, ground.capacity},
              ledger->View()->identity.node_id, ledger->View()->identity.ledger_id),
        registry({pool, clock, *random, *ledger, hypervisor, steps, {}}),
        node({pool,
              clock,
              *random,
              *ledger,
              registry,
              hypervisor,
              storage,
              ground.capacity,
              ground.topology,
              {},
              Types(),
              {}}),
        care({pool, *ledger, ground.ledger_path, ledger->View()->identity.node_id, OkStatus(),
              [this] { ++restarts_asked; }}) {
    ledger->SetListener(
        [this](const auto& view, const auto& changes) { node.ViewPublished(view, changes); });
    hypervisor.Subscribe([this](const GuestEvent& event) { registry.GuestChanged(event); }, [] {});
    Serve(limits);
  }
  ~TestAgent() {
    server.reset();
    pool.Shutdown();
    ledger_pool.Shutdown();
  }

  void Serve(CallRoom::Limits limits = {}) {
    auto started = ApiServer::Start(
        {.socket_path = socket, .socket_mode = 0600, .limits = limits},
        {.node = node,
         .ledger = care,
         .clock = clock,
         .log = log,
         .observer = {},
         .facts = {.hostname = "host-1",
                   .version = "1.2.3",
                   .start_time = clock.WallNow(),
                   .labels = {{"rack", "r7"}},
                   .conditions = [] {
                     return std::vector<model::Condition>{
                         {.type = "Ready", .status = model::ConditionStatus::kTrue}};
                   }}});
    BERTH_CHECK(started.ok(), std::string(started.status().message()));
    server = std::move(*started);
    grpc::ChannelArguments own;
    own.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    channel = grpc::CreateCustomChannel("unix:" + socket, grpc::InsecureChannelCredentials(), own);
    instances = v1::InstanceService::NewStub(channel);
    nodes = v1::NodeService::NewStub(channel);
    operations = v1::OperationService::NewStub(channel);
  }

  std::unique_ptr<Ledger> OpenLedger(const std::string& path) {
    if (path.empty()) return OpenMemoryLedger(file, pool, clock, *random);
    auto opened = OpenSqliteLedger({.path = path}, ledger_pool, clock, *random);
    BERTH_CHECK(opened.ok(), opened.status().ToString());
    return std::move(*opened);
  }
  static std::vector<model::InstanceType> Types() {
    model::InstanceType type;
    type.name = "m1.small";
    type.family = "general";
    type.shape = {.vcpus = 1, .memory_mib = 512};
    return {type};
  }

  TempDirectory directory;
  std::string socket = directory.Path("berthd.sock");
  SystemClock clock;
  std::unique_ptr<Random> random = MakeSystemRandom();
  RecordingLog log;
  ThreadPool pool{"test", 4};
  ThreadPool ledger_pool{"ledger", 1};
  MemoryLedgerFile file;
  std::unique_ptr<Ledger> ledger;
  FakeHost host;
  FakeHypervisor hypervisor;
  FakeStorage storage{pool, {}};
  StepRunner steps;
  InstanceRegistry registry;
  NodeAgent node;
  std::atomic<int> restarts_asked = 0;
  LedgerCare care;
  std::unique_ptr<ApiServer> server;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::InstanceService::Stub> instances;
  std::unique_ptr<v1::NodeService::Stub> nodes;
  std::unique_ptr<v1::OperationService::Stub> operations;
};

}  // namespace berth::api
