// SPDX-License-Identifier: Apache-2.0
// The part of a qcow2 file's header that says whether it may serve as a base image. Read by us
// before any other program opens the file, since an image can name other files of the host as its
// backing or data file.
//
// A pure function over bytes.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/status.h"

namespace berth {

inline constexpr size_t kQcow2HeaderBytes = 104;

// True if the file begins as every qcow2 file does.
bool HasQcow2Magic(std::string_view head);

// The size a guest sees. `head` is the beginning of the file (kQcow2HeaderBytes, or all of it where
// it is shorter). INVALID_ARGUMENT, saying why and what would cure it: cut short, an unknown
// version or feature, a backing file, an external data file, encrypted, marked corrupt, empty or
// absurdly large.
StatusOr<int64_t> Qcow2VirtualBytes(std::string_view head);

}  // namespace berth
