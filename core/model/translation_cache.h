// SPDX-License-Identifier: Apache-2.0
// The memory that an emulated guest's translated code may take: what the scheduler charges for it
// and what the hypervisor is told to keep it to are one number.
#pragma once

#include <cstdint>

namespace berth::model {

// The boot of a kernel alone fills 64 MiB. QEMU's own bound is an eighth of the host, up to 1 GiB.
inline constexpr int64_t kTranslationCacheMib = 128;

}  // namespace berth::model
