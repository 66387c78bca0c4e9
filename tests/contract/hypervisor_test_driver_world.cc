// SPDX-License-Identifier: Apache-2.0
// libvirt's own test driver: real API semantics without QEMU, inside this process. What it lacks:
// it starts no guest paused (VIR_DOMAIN_START_PAUSED is not supported), so all that needs a guest
// that is on is left to QEMU; and its guests end with the process.
#include "tests/contract/hypervisor_libvirt_world.h"

namespace berth {
namespace {

LibvirtOptions TestDriver() {
  LibvirtOptions options;
  options.uri = "test:///default";
  options.domain_type = "test";
  return options;
}

class TestDriverWorld final : public LibvirtWorld {
 public:
  TestDriverWorld() : LibvirtWorld(TestDriver()) {}
  // The driver brings one along.
  std::string AddForeignGuest() override { return "test"; }
};

}  // namespace

WorldFactory FakeWorldFactory();

std::vector<WorldFactory> Worlds() {
  return {FakeWorldFactory(),
          {"TestDriver", false, [] { return std::make_unique<TestDriverWorld>(); }}};
}

}  // namespace berth
