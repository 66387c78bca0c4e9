// SPDX-License-Identifier: Apache-2.0
// Links the contract suite to real QEMU.
#include "tests/contract/hypervisor_qemu_world.h"

namespace berth {

std::vector<WorldFactory> Worlds() {
  return {{"Qemu", true, [] { return std::make_unique<QemuWorld>(); }}};
}

}  // namespace berth
