// SPDX-License-Identifier: Apache-2.0
// What a file is, by its first bytes and by nothing else: neither its name nor what somebody says
// of it, since a program that is told "raw" of a qcow2 file, or the other way round, gives its
// reader away.
//
// Pure functions over bytes.
#pragma once

#include <string_view>

#include "core/base/status.h"

namespace berth {

// So much of a file's beginning is enough, and all of it where it is shorter.
inline constexpr size_t kFormatHeadBytes = 34 * 1024;

// "qcow2", "vmdk", "vdi", "vhdx", "iso"; for what is no disk image as it stands "VHD", "LUKS",
// "QED", "gzip", "xz", "zstd"; "raw" for anything else, which a raw disk may be.
std::string_view FormatOf(std::string_view head);

// Whether QEMU may be let near a file of a foreign format (vmdk, vdi, vhdx), which can name other
// files of the host just as qcow2 can (qcow2_header.h). INVALID_ARGUMENT IMAGE_INVALID: it is not
// complete in itself.
Status CheckForeign(std::string_view format, std::string_view head);

}  // namespace berth
