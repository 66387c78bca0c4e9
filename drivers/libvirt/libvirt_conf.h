// SPDX-License-Identifier: Apache-2.0
// One setting out of libvirt's own configuration files (libvirtd.conf, qemu.conf).
#pragma once

#include <optional>
#include <string>

namespace berth::libvirt {

// The value of `KEY = value` in the file, without quotes; the last one counts, as for libvirt.
// Nothing if it is not set (a comment does not set it) or the file is not readable.
std::optional<std::string> ConfValue(const std::string& path, const std::string& key);

}  // namespace berth::libvirt
