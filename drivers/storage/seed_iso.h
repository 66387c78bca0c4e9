// SPDX-License-Identifier: Apache-2.0
// The seed as the disk a guest finds it on: ISO 9660 with Rock Ridge and Joliet names, volume id
// "cidata". The same files always give the same bytes.
//
// Thread-safe, one at a time: libisofs numbers its in-memory streams and keeps its messages in
// process-wide variables without a lock, so a process-wide lock stands around it (the one piece of
// process-wide state in this room). It runs a thread of its own while an image is being made, which
// has ended when the call returns.
#pragma once

#include <string>

#include "core/base/status.h"
#include "drivers/storage/seed.h"

namespace berth {

// The image's bytes; some 70 KiB. INTERNAL if libisofs fails (no memory).
StatusOr<std::string> MakeSeedIso(const SeedFiles& files);

}  // namespace berth
