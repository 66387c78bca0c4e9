// SPDX-License-Identifier: Apache-2.0
// What a guest costs the host beyond its own memory and its root disk. Claims are charged with it,
// so that a node full of guests does not run out of memory. Pure.
//
// The constants are measured: RSS of qemu-system-x86_64 7.2 less the guest's memory (a shared
// memfd, so that the kernel counts it apart), q35, virtio devices, user-mode network, Debian's 6.1
// cloud kernel. Each is rounded up; what guests share (22 MiB of program text) is the host
// reserve's.
#pragma once

#include <cstdint>

#include "core/model/instance_spec.h"
#include "core/model/translation_cache.h"

namespace berth::scheduler {

// The process itself, devices included: 17 MiB anonymous while paused, 4 more once the guest runs,
// and room for the buffers of disks and network under load.
inline constexpr int64_t kProcessMib = 32;
// Threads, stacks and state: 0.3 MiB per vCPU, paused or running.
inline constexpr int64_t kPerVcpuMib = 1;
// Queues and the block layer's state: 0.4 MiB per virtio disk.
inline constexpr int64_t kPerDiskMib = 1;
// QEMU's qcow2 cache grows with the disk, 1 MiB per 8 GiB, up to 32 MiB (QEMU's
// docs/qcow2-cache.txt).
inline constexpr int64_t kDiskMibPerCacheMib = 8 * 1024;
inline constexpr int64_t kDiskCacheMibMax = 32;
// QEMU keeps kernel and initrd in memory as long as the guest lives: 15 MiB for the demo guest,
// some 45 for a distribution's own initrd.
inline constexpr int64_t kDirectKernelMib = 48;
// Translated code under TCG; QEMU is bounded to the same number.
inline constexpr int64_t kTranslationCacheMib = model::kTranslationCacheMib;
// The kernel's page tables: 8 bytes per 4 KiB page of guest memory, in the process and, where KVM
// translates once more, a second time. Charged in full: a guest that has touched all its memory has
// all.
inline constexpr int64_t kMemoryMibPerTableMib = 512;

// Files beside the root disk: seed (at most 1 MiB) and console log (2 MiB, three more rolled).
inline constexpr int64_t kInstanceFilesMib = 10;
// qcow2's own tables when every cluster is written: 10 bytes per 64 KiB, rounded up.
inline constexpr int64_t kDiskMibPerTableMib = 4096;

// What the overhead depends on, beside the shape.
struct GuestTraits {
  int32_t disks = 0;          // All of them, the seed too.
  int64_t root_disk_mib = 0;  // As the guest sees it; 0 = it has none.
  bool direct_kernel = false;
  bool emulated = true;  // TCG; false under KVM.
};

// MiB of host memory beside `shape.memory_mib`.
int64_t OverheadMib(const model::Shape& shape, const GuestTraits& traits);

// MiB of disk that an instance can come to fill: its root disk in full, and its files.
int64_t DiskMib(int64_t root_disk_mib);

}  // namespace berth::scheduler
