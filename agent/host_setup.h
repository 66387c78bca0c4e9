// SPDX-License-Identifier: Apache-2.0
// What the agent needs of the file system before it can start: its directories, and the right to be
// the only agent there. Free functions; they block.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/status.h"
#include "core/base/unique_fd.h"

namespace berth {

// Reason of the refusal by LockStateDir.
inline constexpr char kStateDirInUse[] = "STATE_DIR_IN_USE";

// The directory and those above it, made with mode 0711 (libvirt's QEMU user passes through, and
// lists nothing) where they are missing. The error names the setting that the path came from.
Status MakeDirectory(const std::string& path, const std::string& setting);

// Takes STATE_DIR/berthd.lock; it is given back when the result goes or the process ends, however
// it ends. FAILED_PRECONDITION (STATE_DIR_IN_USE): another agent has it; the message names its
// process.
StatusOr<UniqueFd> LockStateDir(const std::string& state_dir);

// Writes `port` and a newline, so that a reader sees all of it or no file.
Status WritePortFile(const std::string& path, uint16_t port);

// Gives the socket at `path` to the group named `group`. INVALID_ARGUMENT: no such group.
Status GiveToGroup(const std::string& path, const std::string& group);

}  // namespace berth
