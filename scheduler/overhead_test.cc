// SPDX-License-Identifier: Apache-2.0
#include "scheduler/overhead.h"

#include <gtest/gtest.h>

namespace berth::scheduler {
namespace {

constexpr model::Shape kShape{.vcpus = 2, .memory_mib = 1024};

TEST(OverheadTest, ChargesEveryPartOfASmallGuestUnderKvm) {
  const GuestTraits traits{.disks = 2, .root_disk_mib = 8192, .emulated = false};
  // Process, vCPUs, disks, one MiB of qcow2 cache, page tables twice.
  EXPECT_EQ(OverheadMib(kShape, traits), 32 + 2 + 2 + 1 + 2 * 2);
}

TEST(OverheadTest, ChargesTheTranslationCacheOnlyUnderTcg) {
  const GuestTraits kvm{.disks = 1, .emulated = false};
  const GuestTraits tcg{.disks = 1, .emulated = true};
  EXPECT_EQ(OverheadMib(kShape, tcg) - OverheadMib(kShape, kvm), kTranslationCacheMib - 2);
}

TEST(OverheadTest, BoundsTheDiskCache) {
  const GuestTraits small{.disks = 1, .root_disk_mib = 1};
  const GuestTraits huge{.disks = 1, .root_disk_mib = 64LL << 20};
  EXPECT_EQ(OverheadMib(kShape, huge) - OverheadMib(kShape, small), kDiskCacheMibMax - 1);
}

TEST(OverheadTest, IsNotBelowWhatWasMeasuredForABootedDemoGuest) {
  const model::Shape demo{.vcpus = 1, .memory_mib = 256};
  const GuestTraits traits{.disks = 1, .direct_kernel = true, .emulated = true};
  // 99 MiB anonymous and 0.8 MiB of page tables, 64 MiB of it translated code.
  EXPECT_GE(OverheadMib(demo, traits) - kTranslationCacheMib + 64, 100);
}

TEST(DiskTest, ChargesTheFullSizeAndTheFilesBesideIt) {
  EXPECT_EQ(DiskMib(0), kInstanceFilesMib);
  EXPECT_EQ(DiskMib(10240), 10240 + 3 + kInstanceFilesMib);
}

}  // namespace
}  // namespace berth::scheduler
