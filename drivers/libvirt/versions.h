// SPDX-License-Identifier: Apache-2.0
// The versions behind a connection, for people.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "drivers/libvirt/connection.h"

namespace berth::libvirt {

// "9.0.0" of libvirt's 9000000.
std::string VersionText(unsigned long version);
// "libvirt 9.0.0, QEMU 7.2.22". Blocks.
// The CPU models it knows; null if it does not tell. Blocking.
std::shared_ptr<const std::vector<std::string>> CpuModelsOf(const Connection& connection);

std::string Versions(const Connection& connection);

}  // namespace berth::libvirt
