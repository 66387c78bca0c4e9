// SPDX-License-Identifier: Apache-2.0
#include "agent/node/node_harness.h"

#include "core/model/names.h"

namespace berth::node {
namespace {

template <typename T>
std::unique_ptr<T> Between(const std::function<std::unique_ptr<T>(T&)>& seam, T& real) {
  return seam ? seam(real) : nullptr;
}
template <typename T>
T& Seen(const std::unique_ptr<T>& seam, T& real) {
  return seam ? *seam : real;
}

}  // namespace

Agent::Agent(World& world)
    : ledger(OpenMemoryLedger(world.file, world.sim, world.sim, *world.random, {}, world.boot_id)),
      hypervisor(world.host, world.sim,
                 {.node_id = ledger->View()->identity.node_id,
                  .weather = world.weather,
                  .random = world.random.get()}),
      ledger_seam(Between(world.seams.ledger, *ledger)),
      hypervisor_seam(Between<Hypervisor>(world.seams.hypervisor, hypervisor)),
      storage_seam(Between<Storage>(world.seams.storage, world.storage)),
      image_store_seam(Between<ImageStore>(world.seams.image_store, world.image_store)),
      steps(Seen<Hypervisor>(hypervisor_seam, hypervisor),
            Seen<Storage>(storage_seam, world.storage), {world.topology, world.capacity},
            ledger->View()->identity.node_id, ledger->View()->identity.ledger_id),
      registry({world.sim,
                world.sim,
                *world.random,
                Seen(ledger_seam, *ledger),
                Seen<Hypervisor>(hypervisor_seam, hypervisor),
                steps,
                {},
                {}}),
      images({world.sim,
              world.sim,
              *world.random,
              Seen(ledger_seam, *ledger),
              Seen<ImageStore>(image_store_seam, world.image_store),
              {world.image_cache_bytes, world.capacity.Allocatable().disk_mib},
              {}}),
      node({world.sim,
            world.sim,
            *world.random,
            Seen(ledger_seam, *ledger),
            registry,
            Seen<Hypervisor>(hypervisor_seam, hypervisor),
            Seen<Storage>(storage_seam, world.storage),
            world.capacity,
            world.topology,
            {},
            world.types,
            world.observer,
            {"/exchange", world.image_cache_bytes,
             [this](const std::string& id) { return images.Progress(id); }}}),
      recovery({world.sim, world.sim, *world.random, Seen(ledger_seam, *ledger), registry,
                Seen<Hypervisor>(hypervisor_seam, hypervisor),
                Seen<Storage>(storage_seam, world.storage), log,
                [this](auto guests) { node.ForeignGuestsFound(std::move(guests)); }},
               {}) {
  Seen(ledger_seam, *ledger).SetListener([this](const auto& view, const auto& changes) {
    node.ViewPublished(view, changes);
    images.ViewPublished(*view);
  });
  Seen<Hypervisor>(hypervisor_seam, hypervisor)
      .Subscribe([this](const GuestEvent& event) { registry.GuestChanged(event); },
                 [this] { recovery.HypervisorConnected(); });
  Seen<Storage>(storage_seam, world.storage).Subscribe([this](const std::string& id) {
    recovery.FilesGone(id);
  });
  recovery.Start();
  images.Start();
}

void World::GiveHost(int cpus, int64_t memory_mib) {
  model::NumaNode node{.memory_mib = memory_mib};
  for (int cpu = 0; cpu < cpus; ++cpu) node.cores.push_back({{cpu}});
  topology = {{node}};
  capacity = {.total = {.vcpus = cpus, .memory_mib = memory_mib, .disk_mib = 1 << 20},
              .reserved = {.vcpus = 1, .memory_mib = 1024}};
  for (int cpu = 1; cpu < cpus; ++cpu) capacity.shared_cpus.Add(cpu);
}

std::string World::StateOf(const std::string& id) const {
  const auto record = ledger().instances.Find(id);
  return record == nullptr ? "" : std::string(model::Name(record->state));
}

Power World::PowerOf(const std::string& id) const {
  const auto guest = host.Inspect(id);
  return guest.ok() ? guest->power : Power::kOff;
}

void World::ExpectNothingLeft() const {
  EXPECT_TRUE(host.Guests().empty());
  EXPECT_TRUE(storage.Instances().empty());
  EXPECT_TRUE(ledger().claims.empty());
  EXPECT_EQ(ledger().allocated, model::Resources{});
  ledger().operations.ForEach(
      [](const std::string& id, const auto& operation) { EXPECT_TRUE(operation->final()) << id; });
}

void World::ExpectConsistent() const {
  model::Resources sum;
  ledger().claims.ForEach([&](const std::string& id, const auto& claim) {
    sum += claim->held;
    if (claim->owner == model::ClaimOwner::kReservation) {
      const auto holder = ledger().reservations.Find(claim->owner_id);
      ASSERT_NE(holder, nullptr) << id;
      EXPECT_TRUE(holder->run_claim_id == id || holder->disk_claim_id == id) << id;
      return;
    }
    if (claim->owner == model::ClaimOwner::kImage) {
      const auto image = ledger().images.Find(claim->owner_id);
      ASSERT_NE(image, nullptr) << id;
      EXPECT_EQ(image->disk_claim_id, id);
      return;
    }
    const auto owner = ledger().instances.Find(claim->owner_id);
    ASSERT_NE(owner, nullptr) << id;
    const bool resized = owner->resized_from && owner->resized_from->run_claim_id == id;
    EXPECT_TRUE(owner->run_claim_id == id || owner->disk_claim_id == id || resized) << id;
    EXPECT_NE(owner->state, model::InstanceState::kTerminated) << id;
  });
  EXPECT_EQ(ledger().allocated, sum);
  const model::Resources limit = capacity.Allocatable();
  EXPECT_LE(sum.vcpus, limit.vcpus);
  EXPECT_LE(sum.memory_mib, limit.memory_mib);
  EXPECT_LE(sum.disk_mib, limit.disk_mib);
}

CreateInstanceArgs SmallInstance(const std::string& instance_id) {
  CreateInstanceArgs args;
  args.instance_id = instance_id;
  args.spec.shape = {.vcpus = 1, .memory_mib = 256};
  args.spec.boot.image = "base.qcow2";
  args.spec.root_disk_mib = 1024;
  return args;
}

CallContext Call(const std::string& request_id, const std::string& message) {
  CallContext call;
  call.principal = "uid:0";
  call.request_id = request_id;
  call.message = message;
  return call;
}

}  // namespace berth::node
