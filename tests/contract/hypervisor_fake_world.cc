// SPDX-License-Identifier: Apache-2.0
// The fake, on real threads.
#include "core/base/thread_pool.h"
#include "drivers/fake/fake_hypervisor.h"
#include "tests/contract/hypervisor_world.h"

namespace berth {
namespace {

class FakeWorld final : public HypervisorWorld {
 public:
  FakeWorld() { RestartAgent(); }

  Hypervisor& hypervisor() override { return *hypervisor_; }
  void RestartAgent() override {
    hypervisor_.reset();
    FakeHypervisorOptions options;
    options.node_id = kNodeId;
    hypervisor_ = std::make_unique<FakeHypervisor>(host_, executor_, options);
    Subscribe(*hypervisor_);
  }
  std::string AddForeignGuest() override {
    GuestState foreign;
    foreign.name = "somebody-elses";
    foreign.power = Power::kRunning;
    foreign.memory_mib = 64;
    host_.AddForeign(foreign);
    return foreign.name;
  }
  void RemoveGuestOfAnotherNode(const std::string& id) override { host_.Remove(id); }

 private:
  FakeHost host_;
  ThreadPool executor_{"fake", 2};
  std::unique_ptr<FakeHypervisor> hypervisor_;
};

}  // namespace

WorldFactory FakeWorldFactory() {
  return {"Fake", true, [] { return std::make_unique<FakeWorld>(); }};
}

}  // namespace berth
