// SPDX-License-Identifier: Apache-2.0
// The versions behind a connection, for people.
#pragma once

#include <string>

#include "drivers/libvirt/connection.h"

namespace berth::libvirt {

// "9.0.0" of libvirt's 9000000.
std::string VersionText(unsigned long version);
// "libvirt 9.0.0, QEMU 7.2.22". Blocks.
std::string Versions(const Connection& connection);

}  // namespace berth::libvirt
