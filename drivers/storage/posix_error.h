// SPDX-License-Identifier: Apache-2.0
// errno as a Status: the one place where it is done for files.
#pragma once

#include <string_view>

#include "core/base/error.h"
#include "core/base/status.h"

namespace berth {

// "`doing`: what errno says". No room (ENOSPC, EDQUOT, EFBIG): RESOURCE_EXHAUSTED, STORAGE_FULL.
// ENOENT: NOT_FOUND. EACCES, EPERM: PERMISSION_DENIED. All else: INTERNAL.
Status PosixError(int error, std::string_view doing);

// RESOURCE_EXHAUSTED, STORAGE_FULL: "`message`".
Status StorageFull(std::string_view message);

}  // namespace berth
