// SPDX-License-Identifier: Apache-2.0
#include "scheduler/overhead.h"

#include <algorithm>

namespace berth::scheduler {
namespace {

int64_t CeilDiv(int64_t amount, int64_t unit) { return (amount + unit - 1) / unit; }

}  // namespace

int64_t OverheadMib(const model::Shape& shape, const GuestTraits& traits) {
  const int64_t tables = CeilDiv(shape.memory_mib, kMemoryMibPerTableMib);
  int64_t mib = kProcessMib + kPerVcpuMib * shape.vcpus + kPerDiskMib * traits.disks;
  mib += std::min(kDiskCacheMibMax, CeilDiv(traits.root_disk_mib, kDiskMibPerCacheMib));
  mib += traits.emulated ? kTranslationCacheMib + tables : 2 * tables;
  if (traits.direct_kernel) mib += kDirectKernelMib;
  return mib;
}

int64_t DiskMib(int64_t root_disk_mib) {
  return root_disk_mib + CeilDiv(root_disk_mib, kDiskMibPerTableMib) + kInstanceFilesMib;
}

}  // namespace berth::scheduler
