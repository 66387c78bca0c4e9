// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/hypervisor_libvirt_world.h"

#include <gtest/gtest.h>

namespace berth {

void LibvirtWorld::RemoveGuestOfAnotherNode(const std::string& id) {
  const auto connection = libvirt::Connection::Open(options_.uri);
  ASSERT_TRUE(connection.ok()) << connection.status();
  const auto domain = (*connection)->LookupByName(id);
  ASSERT_TRUE(domain.ok()) << domain.status();
  EXPECT_TRUE(domain->UndefineFlags(0).ok());
}

}  // namespace berth
