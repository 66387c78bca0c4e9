// SPDX-License-Identifier: Apache-2.0
// A whole node in one thread for tests: what outlives the agent (ledger file, host, disk) in World,
// what dies with it in Agent. Time is virtual; nothing happens but when a test lets it run.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/images/image_keeper.h"
#include "agent/instance/step_runner.h"
#include "agent/ledger/memory_ledger.h"
#include "agent/node/node_agent.h"
#include "agent/recovery/recovery.h"
#include "core/base/log.h"
#include "core/base/sim_executor.h"
#include "drivers/fake/fake_host.h"
#include "drivers/fake/fake_hypervisor.h"
#include "drivers/storage/fake_image_store.h"
#include "drivers/storage/fake_storage.h"

namespace berth::node {

class World;

// What a test puts between an agent and its world; empty: nothing.
struct Seams {
  std::function<std::unique_ptr<Ledger>(Ledger&)> ledger;
  std::function<std::unique_ptr<Hypervisor>(Hypervisor&)> hypervisor;
  std::function<std::unique_ptr<Storage>(Storage&)> storage;
  std::function<std::unique_ptr<ImageStore>(ImageStore&)> image_store;
  std::function<void(World&)> started;  // Told of each new agent.
};

// One agent process: built as main builds it, without the rim.
struct Agent {
  explicit Agent(World& world);

  NullLog log;
  std::unique_ptr<Ledger> ledger;
  FakeHypervisor hypervisor;
  // Null where nothing is in between.
  std::unique_ptr<Ledger> ledger_seam;
  std::unique_ptr<Hypervisor> hypervisor_seam;
  std::unique_ptr<Storage> storage_seam;
  std::unique_ptr<ImageStore> image_store_seam;
  StepRunner steps;
  InstanceRegistry registry;
  ImageKeeper images;
  NodeAgent node;
  Recovery recovery;
};

class World {
 public:
  // 10 CPUs and 10 GiB to give, and much disk. Tasks run in the order posted.
  World() {
    GiveHost(11, 11264);
    Start();
  }
  // Tasks that are ready run in any order.
  explicit World(uint64_t seed) : random(MakeSeededRandom(seed)), sim(*random) {
    GiveHost(11, 11264);
    Start();
  }
  ~World() { Crash(); }

  // The hardware: one node, of which CPU 0 and 1 GiB are the host's. For the next agent.
  void GiveHost(int cpus, int64_t memory_mib);
  void Start() {
    agent = std::make_unique<Agent>(*this);
    if (seams.started) seams.started(*this);
  }
  // kill -9: every task is gone, and all that was not committed, done or written.
  void Crash() {
    sim.DropAll();
    storage.Subscribe({});
    agent.reset();
  }
  void Restart() {
    Crash();
    Start();
  }
  NodeAgent& node() { return agent->node; }

  // Everything that is due now.
  void Run() { ASSERT_TRUE(sim.RunReady()) << "livelock"; }
  void RunFor(Duration time) { ASSERT_TRUE(sim.RunFor(time, 1000000)) << "livelock"; }

  // The answer of an asynchronous call, once what is due now has run.
  template <typename T, typename Call>
  StatusOr<T> Await(Call call) {
    auto answer = std::make_shared<std::optional<StatusOr<T>>>();
    call([answer](StatusOr<T> result) {
      ASSERT_FALSE(answer->has_value()) << "answered twice";
      *answer = std::move(result);
    });
    EXPECT_FALSE(answer->has_value()) << "answered from inside the call";
    Run();
    if (!answer->has_value()) return Status(StatusCode::kCancelled, "no answer yet");
    return std::move(**answer);
  }
  using Record = model::InstanceRecord;
  StatusOr<Record> Create(CreateInstanceArgs args, CallContext call = {}) {
    call.method = "CreateInstance";
    return Await<Record>([&](auto done) { node().CreateInstance(call, args, done); });
  }
  StatusOr<Record> StartIt(const std::string& id, CallContext call = {}) {
    call.method = "StartInstance";
    return Await<Record>([&](auto done) { node().StartInstance(call, id, done); });
  }
  StatusOr<Record> Stop(const std::string& id, StopRequested how = {}, CallContext call = {}) {
    call.method = "StopInstance";
    return Await<Record>([&](auto done) { node().StopInstance(call, id, how, done); });
  }
  StatusOr<Record> Reboot(const std::string& id, RebootRequested how = {}, CallContext call = {}) {
    call.method = "RebootInstance";
    return Await<Record>([&](auto done) { node().RebootInstance(call, id, how, done); });
  }
  StatusOr<Record> Terminate(const std::string& id, CallContext call = {},
                             TerminateRequested how = {}) {
    call.method = "TerminateInstance";
    return Await<Record>([&](auto done) { node().TerminateInstance(call, id, how, done); });
  }
  StatusOr<model::Operation> Resize(const std::string& id, ResizeArgs args, CallContext call = {}) {
    call.method = "ResizeInstance";
    return Await<model::Operation>([&](auto done) { node().ResizeInstance(call, id, args, done); });
  }
  StatusOr<Record> Update(const std::string& id, model::SpecUpdate update, CallContext call = {}) {
    call.method = "UpdateInstance";
    return Await<Record>([&](auto done) { node().UpdateInstance(call, id, update, done); });
  }
  StatusOr<Record> Interrupt(const std::string& id, CallContext call = {}) {
    call.method = "SendDiagnosticInterrupt";
    return Await<Record>([&](auto done) { node().SendDiagnosticInterrupt(call, id, done); });
  }
  StatusOr<model::Operation> Cancel(const std::string& operation_id, CallContext call = {}) {
    call.method = "CancelOperation";
    return Await<model::Operation>(
        [&](auto done) { node().CancelOperation(call, operation_id, done); });
  }
  StatusOr<model::BatchOutcome> Batch(BatchCreateArgs args, CallContext call = {}) {
    call.method = "BatchCreateInstances";
    return Await<model::BatchOutcome>(
        [&](auto done) { node().BatchCreateInstances(call, args, done); });
  }
  StatusOr<model::Reservation> Reserve(ReserveArgs args, CallContext call = {}) {
    call.method = "Reserve";
    return Await<model::Reservation>([&](auto done) { node().Reserve(call, args, done); });
  }
  StatusOr<Record> Commit(CreateInstanceArgs args, CallContext call = {}) {
    call.method = "Commit";
    return Await<Record>([&](auto done) { node().CreateInstance(call, args, done); });
  }
  StatusOr<model::Reservation> Release(const std::string& id, CallContext call = {}) {
    call.method = "Release";
    return Await<model::Reservation>([&](auto done) { node().Release(call, id, done); });
  }
  StatusOr<model::Operation> Bring(BringImageArgs args, CallContext call = {}) {
    call.method = args.source.url.empty() ? "ImportImage" : "PullImage";
    return Await<model::Operation>([&](auto done) { node().images().Bring(call, args, done); });
  }
  StatusOr<model::Image> DeleteImage(const std::string& id, CallContext call = {}) {
    call.method = "DeleteImage";
    return Await<model::Image>([&](auto done) { node().images().Delete(call, id, done); });
  }
  // Changes the ledger behind the node's back.
  void Write(Ledger::Body body) {
    const auto done = Await<int>([&](auto answer) {
      agent->ledger->Submit(std::move(body), [answer](Status status) {
        EXPECT_TRUE(status.ok()) << status;
        answer(0);
      });
    });
    ASSERT_TRUE(done.ok());
  }

  // What is committed.
  const model::NodeView& ledger() const { return file.view(); }
  std::string StateOf(const std::string& id) const;
  Power PowerOf(const std::string& id) const;
  // No guest, file, claim or unfinished operation of anybody is left.
  void ExpectNothingLeft() const;
  // Claims add up, each belongs to an instance that names it, and none is held by what has ended.
  void ExpectConsistent() const;

  std::unique_ptr<Random> random = MakeSeededRandom(1);
  SimExecutor sim;
  MemoryLedgerFile file;
  FakeHost host;
  FakeStorage storage{sim, {}};
  FakeImageStore image_store{sim};
  int64_t image_cache_bytes = 0;
  std::string boot_id = "boot-1";
  model::Topology topology;
  model::Capacity capacity;
  std::vector<model::InstanceType> types = SomeTypes();
  NodeObserver observer;
  FakeWeather weather;  // Calm.
  Seams seams;
  std::unique_ptr<Agent> agent;

 private:
  static std::vector<model::InstanceType> SomeTypes() {
    model::InstanceType small;
    small.name = "m1.small";
    small.shape = {.vcpus = 1, .memory_mib = 512};
    small.root_disk_mib = 2048;
    return {small};
  }
};

// A valid request: one vCPU, 256 MiB, from a disk image.
CreateInstanceArgs SmallInstance(const std::string& instance_id = "");
CallContext Call(const std::string& request_id, const std::string& message = "m");

inline constexpr char kIdA[] = "i-0000000000000000a";
inline constexpr char kIdB[] = "i-0000000000000000b";

}  // namespace berth::node
